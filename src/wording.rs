//! Numbers and names within messages.

/// A count with its noun: `1 class`, `3 classes`, `0 columns`.
pub fn counted(count: usize, noun: &str) -> String {
    match (count, noun) {
        (1, _) => format!("1 {noun}"),
        (_, noun) if noun.ends_with('s') => format!("{count} {noun}es"),
        _ => format!("{count} {noun}s"),
    }
}

/// An ordinal number: `1st`, `12th`, `103rd`.
pub fn ordinal(number: usize) -> String {
    let suffix = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{suffix}")
}

/// The first `most` names, separated by commas; an empty one is `(no name)`.
pub fn names<T: AsRef<str>>(names: &[T], most: usize) -> String {
    let shown =
        |name: &T| if name.as_ref().is_empty() { "(no name)".to_owned() } else { name.as_ref().to_owned() };
    let listed: Vec<String> = names.iter().take(most).map(shown).collect();
    if listed.is_empty() {
        return "none".to_owned();
    }
    listed.join(", ") + if names.len() > most { ", …" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_ordinals_and_names_are_correct_english() {
        assert_eq!([0, 1, 2].map(|count| counted(count, "class")), ["0 classes", "1 class", "2 classes"]);
        assert_eq!([1, 2].map(|count| counted(count, "output")), ["1 output", "2 outputs"]);
        let orders = [1, 2, 3, 4, 11, 12, 13, 21, 101, 111].map(ordinal);
        assert_eq!(orders, ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "101st", "111th"]);
        assert_eq!(names(&["a", "", "c"], 2), "a, (no name), …");
        assert_eq!(names::<&str>(&[], 2), "none");
    }
}
