//! Fashion-MNIST: 70,000 pieces of clothing in 28x28 gray pixels (Xiao, Rasul and Vollgraf, 2017).

use serde::{Deserialize, Serialize};

use super::mnist_family::{Member, Options, Profile};
use crate::data::fetch::sources;

/// `[data.fashion_mnist]`: pieces of clothing, 60,000 to train and 10,000 to test on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Config(pub Options);

impl Member for Config {
    const PROFILE: Profile = Profile {
        source: &sources::FASHION_MNIST,
        classes: [
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ],
        // Not the folder itself: the files are named like MNIST's, which may lie there.
        subfolders: &[
            "fashion_mnist",
            "FashionMNIST/raw",
            "fashion_mnist/FashionMNIST/raw",
            "fashion_mnist/raw",
            "FashionMNIST",
            "fashion-mnist",
            "fashionmnist",
        ],
    };

    fn options(&self) -> &Options {
        &self.0
    }
}
