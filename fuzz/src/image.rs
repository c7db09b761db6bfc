//! PNG and JPEG images, for colour and grey networks.

use std::path::Path;

use taper::data::image_folder::decode;

use super::properties::check_error;

/// Decodes and resizes the bytes twice; the same must come of it.
pub fn run(data: &[u8]) {
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
