//! NPY arrays and IDX images for `taper predict`, for several kinds of networks.

use std::path::Path;

use taper::data::input::Reader;
use taper::data::Config;
use taper::data::sets::linear;
use taper::shape::Shape;

use super::properties::{check_error, feature_count};

/// What a network takes.
pub struct Network {
    pub shape: Shape,
    pub pixels: bool,
    pub source: Config,
}

/// The first byte chooses the network and the kind of file; the rest is its content.
pub fn run(data: &[u8]) {
    let Some((&choice, content)) = data.split_first() else { return };
    let name = if choice & 8 == 0 { "samples.npy" } else { "samples.idx" };
    check(&pick(choice), name, content);
}

/// One of eight networks: images and features, pixels and other numbers.
pub fn pick(choice: u8) -> Network {
    let shape = match choice & 3 {
        0 => Shape::from([1]),
        1 => Shape::from([3]),
        2 => Shape::from([1, 2, 2]),
        _ => Shape::from([3, 2, 1]),
    };
    Network { shape, pixels: choice & 4 != 0, source: Config::linear(linear::Config::default()) }
}

/// Reads a file of this name and content: in the network's form, or an error.
pub fn check(network: &Network, name: &str, content: &[u8]) {
    let reader = Reader::new(&network.shape, network.pixels, &network.source);
    match reader.decode(Path::new(name), content, content.len() as u64) {
        Err(error) => check_error(&error),
        Ok(inputs) => {
            assert_eq!(inputs.sample_shape, network.shape);
            assert!(inputs.count > 0, "no sample");
            let sample = network.shape.elements().expect("a small shape");
            assert_eq!(feature_count(&inputs.features), sample * inputs.count);
        }
    }
}
