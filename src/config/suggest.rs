//! Suggests the name that was probably meant.

/// The longest word that is compared: the time grows with the square of the length, and a longer word is not a typo.
const LONGEST: usize = 100;

/// The name closest to `word`, if `word` could be a typo of it.
#[must_use]
pub fn nearest<'n>(word: &str, names: &[&'n str]) -> Option<&'n str> {
    if word.len() > LONGEST {
        return None;
    }
    let typed = word.to_lowercase().replace('-', "_");
    // A prefix counts as the name: the edit distance of `validation.acc` and `validation.accuracy` is large.
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

/// Names of keys in other programs, with taper's name.
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

/// taper's name for `word` of another program.
pub(super) fn meant(word: &str) -> Option<&'static str> {
    let typed = word.to_lowercase().replace('-', "_");
    OTHER_NAMES.iter().find(|(other, _)| *other == typed).map(|(_, name)| *name)
}

/// Names that users try, with the path of the key that does the same.
const PLACES: &[(&str, &str)] = &[
    // A layer in Keras; in taper the data set gives the rows of a table their shape.
    ("reshape", "data.csv.shape"),
    ("validation_path", "split.file"),
    ("validation_file", "split.file"),
    ("valid_path", "split.file"),
    ("val_path", "split.file"),
    ("val_file", "split.file"),
];

/// The path of the key that `word` is meant to be.
pub(super) fn meant_place(word: &str) -> Option<&'static str> {
    PLACES.iter().find(|(other, _)| *other == word).map(|(_, place)| *place)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn typos_are_recognized_and_other_words_are_not() {
        let names = ["learning_rate", "momentum", "weight_decay"];
        assert_eq!(nearest("lerning_rate", &names), Some("learning_rate"));
        assert_eq!(nearest("learning-rate", &names), Some("learning_rate"));
        assert_eq!(nearest("Momentum", &names), Some("momentum"));
        assert_eq!(nearest("rate", &names), None);
        assert_eq!(nearest("val.acc", &["val.f1", "val.accuracy"]), Some("val.accuracy"));
    }
}
