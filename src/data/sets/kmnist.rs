//! Kuzushiji-MNIST: 70,000 cursive Japanese characters in 28x28 grey pixels (Clanuwat et al., 2018).

use serde::{Deserialize, Serialize};

use super::mnist_family::{Member, Options, Profile};

/// `[data.kmnist]`: cursive hiragana, 60,000 to train and 10,000 to test on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Config(pub Options);

impl Member for Config {
    const PROFILE: Profile = Profile {
        name: "kmnist",
        home: "the Kuzushiji-MNIST page of the ROIS-DS Center for Open Data in the Humanities",
        classes: ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"],
        // Not the folder itself: the files are named like MNIST's, which may lie there.
        subfolders: &["kmnist", "KMNIST/raw", "kmnist/KMNIST/raw", "kmnist/raw", "KMNIST"],
        hub: None,
    };

    fn options(&self) -> &Options {
        &self.0
    }
}
