//! MNIST: 70,000 handwritten digits in 28x28 gray pixels (LeCun, Cortes and Burges, 1998).

use serde::{Deserialize, Serialize};

use super::mnist_family::{Member, Options, Profile};
use crate::data::fetch::sources;

/// `[data.mnist]`: handwritten digits, 60,000 to train and 10,000 to test on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Config(pub Options);

impl Member for Config {
    const PROFILE: Profile = Profile {
        source: &sources::MNIST,
        classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
        subfolders: &["mnist", "", "MNIST/raw", "mnist/MNIST/raw", "mnist/raw", "MNIST", "raw"],
    };

    fn options(&self) -> &Options {
        &self.0
    }
}
