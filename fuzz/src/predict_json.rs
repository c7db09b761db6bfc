//! JSON for `taper predict`, for several kinds of networks.

use super::predict_array::{check, pick};

/// The first byte chooses the network; the rest is the text.
pub fn run(data: &[u8]) {
    let Some((&choice, text)) = data.split_first() else { return };
    check(&pick(choice), "samples.json", text);
}
