//! Which tensor of a file belongs to which parameter.

use std::collections::HashMap;

use super::Source;
use crate::checkpoint::Stored;
use crate::network::ParameterSpec;
use crate::train::parameters::matches;

/// The most differences that a message lists.
const SHOWN: usize = 20;

/// The tensors for the parameters of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matching {
    /// The place of each parameter with a tensor, and the tensor's name.
    pub pairs: Vec<(usize, String)>,
    /// The places of the other parameters.
    pub fresh: Vec<usize>,
    /// The names of the other tensors.
    pub unused: Vec<String>,
    /// How they were found.
    pub how: How,
}

/// How tensors were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// By their names, or as the config maps them.
    Name,
    /// By the order of the layers and the shapes.
    Order,
}

impl Matching {
    /// Finds the tensors for `specs` among `stored`: as `map` of `source` says, by name, or, if no name is known, in order.
    ///
    /// # Errors
    /// All parameters without a tensor of the right shape that `skip_mismatched` does not match, and what to do.
    pub fn find(specs: &[ParameterSpec], stored: &[Stored], source: &Source) -> Result<Self, String> {
        let mapped: HashMap<&str, &str> =
            source.map.iter().map(|(stored, own)| (own.as_str(), stored.as_str())).collect();
        let by_name: HashMap<&str, &Stored> = stored.iter().map(|own| (own.name.as_str(), own)).collect();
        let named = |spec: &ParameterSpec| match mapped.get(spec.name.as_str()) {
            Some(name) => by_name.get(name).copied(),
            // A tensor that is mapped elsewhere is not its own parameter's.
            None => {
                by_name.get(spec.name.as_str()).copied().filter(|own| !source.map.contains_key(&own.name))
            }
        };
        let (found, how) = match specs.iter().map(named).collect::<Vec<_>>() {
            none if none.iter().all(Option::is_none) => (in_order(specs, stored), How::Order),
            found => (found, How::Name),
        };
        let (mut pairs, mut fresh, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
        for (place, (spec, found)) in specs.iter().zip(&found).enumerate() {
            match found {
                Some(own) if own.shape == spec.shape => pairs.push((place, own.name.clone())),
                _ if source.skip_mismatched.iter().any(|pattern| matches(pattern, &spec.name)) => {
                    fresh.push(place);
                }
                Some(own) => wrong.push((spec, difference(spec, own))),
                None => wrong.push((spec, format!("`{}` {:?} is missing", spec.name, spec.shape))),
            }
        }
        if !wrong.is_empty() {
            return Err(refusal(&wrong, stored, how));
        }
        let used: Vec<&str> = pairs.iter().map(|(_, name)| name.as_str()).collect();
        let unused = stored.iter().map(|own| &own.name).filter(|name| !used.contains(&name.as_str()));
        let unused = unused.cloned().collect();
        Ok(Self { pairs, fresh, unused, how })
    }
}

fn difference(spec: &ParameterSpec, own: &Stored) -> String {
    let from = if own.name == spec.name { String::new() } else { format!(" (`{}`)", own.name) };
    format!("`{}`{from} is {:?} in the file and {:?} in the network", spec.name, own.shape, spec.shape)
}

/// The message about the parameters that are `wrong`.
fn refusal(wrong: &[(&ParameterSpec, String)], stored: &[Stored], how: How) -> String {
    let mut lines: Vec<&str> = wrong.iter().take(SHOWN).map(|(_, line)| line.as_str()).collect();
    let more = format!("{} more", wrong.len().saturating_sub(SHOWN));
    if wrong.len() > SHOWN {
        lines.push(&more);
    }
    let mut layers: Vec<String> =
        wrong.iter().map(|(spec, _)| format!("\"{}.*\"", layer(&spec.name))).collect();
    layers.dedup();
    layers.truncate(SHOWN);
    let names: Vec<&str> = stored.iter().take(SHOWN).map(|own| own.name.as_str()).collect();
    let other = match how {
        How::Name => String::new(),
        How::Order => format!(
            "no name of the file ({}) is one of the network, and the order does not fit; name the tensors with `map`; ",
            names.join(", ")
        ),
    };
    format!(
        "does not fit the network: {}; {other}to start with random values there, set `skip_mismatched = [{}]` in `train.init_from`",
        lines.join(", "),
        layers.join(", ")
    )
}

/// A tensor for each parameter, layer by layer: the first unused layer of the file, in the order of its name, that has tensors of the
/// same last names and shapes.
fn in_order<'s>(specs: &[ParameterSpec], stored: &'s [Stored]) -> Vec<Option<&'s Stored>> {
    let mut layers: Vec<(&str, Vec<&Stored>)> = Vec::new();
    for own in stored {
        match layers.iter_mut().find(|(name, _)| *name == layer(&own.name)) {
            Some((_, tensors)) => tensors.push(own),
            None => layers.push((layer(&own.name), vec![own])),
        }
    }
    layers.sort_by_cached_key(|(name, _)| natural(name));
    let mut used = vec![false; layers.len()];
    let mut found = vec![None; specs.len()];
    let mut start = 0;
    while start < specs.len() {
        let name = layer(&specs[start].name);
        let end = start + specs[start..].iter().take_while(|spec| layer(&spec.name) == name).count();
        let own = &specs[start..end];
        let of = |tensors: &[&'s Stored], spec: &ParameterSpec| {
            tensors.iter().copied().find(|t| last(&t.name) == last(&spec.name) && t.shape == spec.shape)
        };
        let fits = |(place, (_, tensors)): &(usize, &(&str, Vec<&'s Stored>))| {
            !used[*place] && tensors.len() == own.len() && own.iter().all(|spec| of(tensors, spec).is_some())
        };
        if let Some(place) = layers.iter().enumerate().find(fits).map(|(place, _)| place) {
            used[place] = true;
            for (found, spec) in found[start..end].iter_mut().zip(own) {
                *found = of(&layers[place].1, spec);
            }
        }
        start = end;
    }
    found
}

/// The name of a tensor's layer.
fn layer(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(layer, _)| layer)
}

/// The name of a tensor within its layer.
fn last(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(_, last)| last)
}

/// The parts of a name, of which numbers compare as numbers: layer 10 comes after layer 9.
fn natural(name: &str) -> Vec<(u64, String)> {
    name.split('.').map(|part| (part.parse().unwrap_or(u64::MAX), part.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::Initializer;

    fn specs(all: &[(&str, &[usize])]) -> Vec<ParameterSpec> {
        let spec = |(name, shape): &(&str, &[usize])| {
            ParameterSpec::trainable(name, shape.to_vec(), Initializer::Zeros, [1, 1])
        };
        all.iter().map(spec).collect()
    }

    fn stored(all: &[(&str, &[usize])]) -> Vec<Stored> {
        all.iter().map(|(name, shape)| Stored { name: (*name).to_owned(), shape: shape.to_vec() }).collect()
    }

    const NETWORK: [(&str, &[usize]); 4] = [
        ("layers.0.weight", &[3, 3]),
        ("layers.0.bias", &[3]),
        ("layers.1.weight", &[3, 3]),
        ("layers.1.bias", &[3]),
    ];

    fn names(matching: &Matching) -> Vec<&str> {
        matching.pairs.iter().map(|(_, name)| name.as_str()).collect()
    }

    #[test]
    fn layers_with_other_names_are_taken_in_the_order_of_their_numbers() {
        let file =
            stored(&[("10.bias", &[3]), ("10.weight", &[3, 3]), ("9.bias", &[3]), ("9.weight", &[3, 3])]);
        let found = Matching::find(&specs(&NETWORK), &file, &Source::default()).unwrap();
        assert_eq!(found.how, How::Order);
        assert_eq!(names(&found), ["9.weight", "9.bias", "10.weight", "10.bias"]);
    }

    #[test]
    fn a_tensor_that_is_mapped_elsewhere_is_not_found_by_its_name() {
        let file = stored(&NETWORK);
        let swapped = ["weight", "bias"].into_iter().flat_map(|last| {
            [
                (format!("layers.0.{last}"), format!("layers.1.{last}")),
                (format!("layers.1.{last}"), format!("layers.0.{last}")),
            ]
        });
        let source = Source { map: swapped.collect(), ..Source::default() };
        let found = Matching::find(&specs(&NETWORK), &file, &source).unwrap();
        assert_eq!(names(&found), ["layers.1.weight", "layers.1.bias", "layers.0.weight", "layers.0.bias"]);
        let source =
            Source { map: [("layers.0.bias".to_owned(), "layers.1.bias".to_owned())].into(), ..source };
        let message = Matching::find(&specs(&NETWORK), &file, &source).unwrap_err();
        assert!(message.contains("`layers.0.bias` [3] is missing"), "{message}");
    }

    #[test]
    fn parameters_without_a_tensor_stay_random_only_if_a_pattern_allows_it() {
        let file = stored(&[
            ("layers.0.weight", &[3, 3]),
            ("layers.0.bias", &[3]),
            ("layers.1.weight", &[5, 3]),
            ("more", &[1]),
        ]);
        let message = Matching::find(&specs(&NETWORK), &file, &Source::default()).unwrap_err();
        assert!(
            message.contains("`layers.1.weight` is [5, 3] in the file and [3, 3] in the network"),
            "{message}"
        );
        assert!(
            message.ends_with("set `skip_mismatched = [\"layers.1.*\"]` in `train.init_from`"),
            "{message}"
        );
        let source = Source { skip_mismatched: vec!["layers.1.*".to_owned()], ..Source::default() };
        let found = Matching::find(&specs(&NETWORK), &file, &source).unwrap();
        assert_eq!(
            (found.fresh, found.unused),
            (vec![2, 3], vec!["layers.1.weight".to_owned(), "more".to_owned()])
        );
    }
}
