//! The name that was probably meant.

/// Longer words are no typos, and comparing takes the square of their length.
const LONGEST: usize = 100;

/// The closest of `names` to `word`, if one is close enough to be a typo of it.
#[must_use]
pub fn nearest<'n>(word: &str, names: &[&'n str]) -> Option<&'n str> {
    if word.len() > LONGEST {
        return None;
    }
    let typed = word.to_lowercase().replace('-', "_");
    // The beginning of a name stands for it: `validation.acc` is far from `validation.accuracy`.
    if let Some(name) = names.iter().find(|name| typed.len() > 2 && name.starts_with(&typed)) {
        return Some(name);
    }
    let close = |name: &&str| {
        let longer = typed.chars().count().max(name.chars().count());
        strsim::damerau_levenshtein(&typed, name) <= (longer / 3).max(1)
            || strsim::jaro_winkler(&typed, name) > 0.9
    };
    names.iter().copied().filter(close).min_by_key(|name| strsim::damerau_levenshtein(&typed, name))
}

/// Names that other programs have for a key, and the name that it has here.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("lr", "learning_rate"),
    ("alpha", "learning_rate"),
    ("rate", "learning_rate"),
    ("wd", "weight_decay"),
    ("decay", "weight_decay"),
    ("eps", "epsilon"),
    ("beta_1", "beta1"),
    ("beta_2", "beta2"),
    ("bs", "batch_size"),
    ("batch", "batch_size"),
    ("num_epochs", "epochs"),
    ("max_epochs", "epochs"),
    ("n_epochs", "epochs"),
    ("steps", "max_steps"),
    ("random_state", "seed"),
    ("random_seed", "seed"),
    ("validation_split", "validation"),
    ("p", "rate"),
    ("out_features", "units"),
    ("hidden_size", "units"),
    ("out_channels", "filters"),
    ("kernel", "kernel_size"),
];

/// The names here of what other programs call `word`.
pub(super) fn meant(word: &str) -> Option<&'static str> {
    let typed = word.to_lowercase().replace('-', "_");
    OTHER_NAMES.iter().find(|(other, _)| *other == typed).map(|(_, name)| *name)
}

/// Keys that are looked for in another section than theirs.
const PLACES: &[(&str, &str)] = &[
    // A layer in Keras; here the rows of a table get their shape where they are read.
    ("reshape", "data.csv.shape"),
    ("validation_path", "split.file"),
    ("validation_file", "split.file"),
    ("valid_path", "split.file"),
    ("val_path", "split.file"),
    ("val_file", "split.file"),
];

/// The path of the key that does what `word` is meant to do.
pub(super) fn meant_place(word: &str) -> Option<&'static str> {
    PLACES.iter().find(|(other, _)| *other == word).map(|(_, place)| *place)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_typos_and_leaves_other_words_alone() {
        let names = ["learning_rate", "momentum", "weight_decay"];
        assert_eq!(nearest("lerning_rate", &names), Some("learning_rate"));
        assert_eq!(nearest("learning-rate", &names), Some("learning_rate"));
        assert_eq!(nearest("Momentum", &names), Some("momentum"));
        assert_eq!(nearest("rate", &names), None);
        assert_eq!(nearest("val.acc", &["val.f1", "val.accuracy"]), Some("val.accuracy"));
    }
}
