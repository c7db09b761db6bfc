//! Several consecutive dense layers with few weights: each thread takes its samples through all of them,
//! forward or backward, and then all weights are updated.
//!
//! Layer by layer, a step of a network of three layers of 100 units consists of some fifteen tasks of two
//! or three microseconds, a third of which is spent handing over and waiting; a chain needs three tasks.

mod backward;
mod forward;
mod tiles;
mod update;

pub use backward::{Gradient, backward};
pub use forward::{Layer, forward};
pub use update::{Update, Updated};

/// The maximum number of layers of a chain.
pub const MAX_LAYERS: usize = 8;

/// The maximum number of weights of a chain: every thread reads all of them, so they should fit into its
/// cache.
pub const MAX_WEIGHTS: usize = 1 << 16;

/// One value per layer of a chain, in order, followed by `None`.
pub type Each<T> = [Option<T>; MAX_LAYERS];

/// Checks that layers with these inputs and units fit together without a gap, and returns the number of
/// inputs of the first.
///
/// # Panics
/// If they do not.
fn first_inputs<T>(layers: &Each<T>, sizes: impl Fn(&T) -> [usize; 2]) -> usize {
    let count = layers.iter().take_while(|layer| layer.is_some()).count();
    assert!(layers[count..].iter().all(Option::is_none), "a chain without gaps");
    let mut before = None;
    for [inputs, units] in layers.iter().flatten().map(&sizes) {
        assert_eq!(inputs, before.unwrap_or(inputs), "as many inputs as the layer before has outputs");
        before = Some(units);
    }
    layers[0].as_ref().map_or(0, |layer| sizes(layer)[0])
}
