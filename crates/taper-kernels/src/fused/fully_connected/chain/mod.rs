//! Several dense layers one after the other, with few weights: each thread takes its samples through all
//! of them, forward or backward, and then all weights are updated.
//!
//! Layer by layer, a step of a network of three layers of 100 units is some fifteen pieces of work of
//! two or three microseconds, of which handing over and waiting take a third; so it is three pieces.

mod backward;
mod forward;
mod update;

pub use backward::{Gradient, backward};
pub use forward::{Layer, forward};
pub use update::{Update, Updated};

/// The most layers of a chain.
pub const MOST_LAYERS: usize = 8;

/// The most weights of a chain: every thread reads all of them, so they should fit into its cache.
pub const MOST_WEIGHTS: usize = 1 << 16;

/// Something for each layer of a chain, in order, and nothing behind the last.
pub type Each<T> = [Option<T>; MOST_LAYERS];

/// Checks that layers with these inputs and units follow each other without a gap, and returns the
/// first one's inputs.
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
