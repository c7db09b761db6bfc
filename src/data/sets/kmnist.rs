//! Kuzushiji-MNIST: 70,000 cursive Japanese characters in 28x28 gray pixels (Clanuwat et al., 2018).

use serde::{Deserialize, Serialize};

use super::mnist_family::{Member, Options, Profile};
use crate::data::fetch::sources;

/// `[data.kmnist]`: cursive hiragana, 60,000 to train and 10,000 to test on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Config(pub Options);

impl Member for Config {
    const PROFILE: Profile = Profile {
        source: &sources::KMNIST,
        classes: ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"],
        // Not the folder itself: the files are named like MNIST's, which may lie there.
        subfolders: &["kmnist", "KMNIST/raw", "kmnist/KMNIST/raw", "kmnist/raw", "KMNIST"],
    };

    fn options(&self) -> &Options {
        &self.0
    }
}
