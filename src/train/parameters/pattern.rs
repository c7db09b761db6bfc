//! Patterns of parameter names.

use serde::{Deserialize, Serialize};

use crate::config::nearest;

/// The number of names that a message lists.
const SHOWN: usize = 12;

/// One or several patterns: names in which `*` stands for any characters and `?` for one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Patterns {
    /// One pattern.
    One(#[schemars(length(min = 1))] String),
    /// Several patterns, any of which may match.
    Several(#[schemars(length(min = 1))] Vec<String>),
}

impl Patterns {
    /// All patterns.
    #[must_use]
    pub fn each(&self) -> &[String] {
        match self {
            Self::One(pattern) => std::slice::from_ref(pattern),
            Self::Several(patterns) => patterns,
        }
    }

    /// Whether any pattern matches `name`.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        self.each().iter().any(|pattern| matches(pattern, name))
    }
}

/// Whether `pattern` matches `name`. The time is at most the product of their lengths.
#[must_use]
pub fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut at, mut place) = (0, 0);
    // The latest `*` and the place in the name where what follows it is tried next.
    let mut retry = None;
    while place < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                retry = Some((at + 1, place));
                at += 1;
            }
            Some(own) if *own == b'?' || *own == name[place] => (at, place) = (at + 1, place + 1),
            _ => {
                let Some((after, tried)) = retry else { return false };
                retry = Some((after, tried + 1));
                (at, place) = (after, tried + 1);
            }
        }
    }
    pattern[at..].iter().all(|own| *own == b'*')
}

/// What to write instead of a `pattern` that matches none of `names`.
#[must_use]
pub fn instead(pattern: &str, names: &[&str]) -> String {
    if let Some(close) = nearest(pattern, names) {
        return format!("did you mean `{close}`?");
    }
    let more = names.len().saturating_sub(SHOWN);
    let shown = names[..names.len() - more].join(", ");
    if more > 0 {
        format!("the names are {shown}, and {more} more")
    } else {
        format!("the names are {shown}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_stand_for_characters() {
        for (pattern, name, expected) in [
            ("layers.0.weight", "layers.0.weight", true),
            ("layers.0.*", "layers.0.weight", true),
            ("layers.0.*", "layers.10.weight", false),
            ("layers.1.*", "layers.10.weight", false),
            ("*.bias", "layers.3.layers.0.bias", true),
            ("*.bias", "layers.3.biases", false),
            ("layers.?.weight", "layers.7.weight", true),
            ("layers.?.weight", "layers.17.weight", false),
            ("*a*b*c", "xaxbxbxc", true),
            ("*a*b*c", "xaxbxbx", false),
            ("*", "", true),
            ("?", "", false),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_pattern_of_many_stars_is_matched_in_short_time() {
        assert!(!matches(&"a*".repeat(2000), &format!("{}b", "a".repeat(1000))));
    }

    #[test]
    fn the_nearest_name_or_all_names_are_suggested() {
        let names = ["layers.0.weight", "layers.0.bias"];
        assert_eq!(instead("layer.0.weight", &names), "did you mean `layers.0.weight`?");
        assert_eq!(instead("conv*", &names), "the names are layers.0.weight, layers.0.bias");
        assert!(instead("conv*", &["a"; 15]).ends_with("a, and 3 more"));
    }
}
