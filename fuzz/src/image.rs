//! PNG and JPEG images, for networks that take color or gray images.

use std::path::Path;
use std::sync::Once;

use taper::internals::data::formats::image::decode;

use super::properties::check_error;

static HOOK: Once = Once::new();

/// Decodes and resizes the bytes twice; the same must come of it.
pub fn run(data: &[u8]) {
    // libFuzzer's hook ends the process before a decoder's panic can be contained.
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !taper::panics::are_contained() {
                before(panic);
            }
        }));
    });
    for sizes in [[3, 5, 4], [1, 5, 4]] {
        let mut pixels = vec![7; sizes.iter().product()];
        let mut again = vec![9; pixels.len()];
        let outcome = decode(Path::new("image.png"), data, sizes, &mut pixels);
        let outcome_again = decode(Path::new("image.png"), data, sizes, &mut again);
        match (outcome, outcome_again) {
            (Ok(()), Ok(())) => assert_eq!(pixels, again, "pixels were left as they were"),
            (Err(error), Err(_)) => return check_error(&error),
            (first, second) => panic!("once {first:?}, then {second:?}"),
        }
    }
}
