//! What must hold for the errors and the samples of all parsers.

use taper::Error;
use taper::config::Diagnostics;
use taper::data::{Dataset, Features, Targets};

/// An error says something (the program makes it one line), with a documented exit code that puts it
/// down to the input.
pub fn check_error(error: &Error) {
    assert!(!error.to_string().trim_end_matches([':', ' ']).is_empty(), "an empty message");
    assert!((2..=6).contains(&error.exit_code()), "exit code {}", error.exit_code());
}

/// All findings name what is wrong, in lines of text that a terminal shows as they are. `input` decides
/// whether the text is made, which takes as long as some ten parses: one time in sixteen.
pub fn check_diagnostics(diagnostics: &Diagnostics, input: &[u8]) {
    assert!(!diagnostics.is_empty(), "a refusal without a finding");
    assert!(!diagnostics.first().is_empty(), "an empty finding");
    if input.iter().fold(0, |sum: u8, byte| sum.wrapping_add(*byte)) % 16 != 0 {
        return;
    }
    let text = diagnostics.to_string();
    assert!(!text.is_empty(), "an empty message");
    assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "control characters: {text:?}");
}

/// Values, labels and shape belong together.
pub fn check_dataset(data: &Dataset) {
    assert!(!data.is_empty(), "a data set without samples");
    let sample = data.sample_shape.elements().expect("a sample fits into memory");
    let features = data.features.memory().expect("samples in memory");
    assert_eq!(feature_count(features), sample * data.len());
    match &data.targets {
        Targets::Classes { labels, names } => {
            assert!(labels.iter().all(|&label| (label as usize) < names.len()), "a label without a name");
        }
        Targets::Values { values, width } => {
            assert_eq!(values.len(), width * data.len());
            assert!(values.iter().all(|value| value.is_finite()), "a target that is not finite");
        }
    }
}

/// How many values there are; all are finite.
pub fn feature_count(features: &Features) -> usize {
    match features {
        Features::Bytes(bytes) => bytes.len(),
        Features::Floats(floats) => {
            assert!(floats.iter().all(|float| float.is_finite()), "a feature that is not finite");
            floats.len()
        }
    }
}
