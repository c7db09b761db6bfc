//! `manifest.json` of a checkpoint.

use std::path::Path;

use taper::internals::checkpoint::manifest::Manifest;

use super::properties::check_error;

/// Reads the bytes; what can be read is written and read as the same.
pub fn run(data: &[u8]) {
    match Manifest::parse(Path::new("manifest.json"), data) {
        Err(error) => check_error(&error),
        Ok(manifest) => {
            let written = manifest.to_bytes().expect("a manifest can be written");
            assert_eq!(written, data, "each byte counts");
            let again = Manifest::parse(Path::new("manifest.json"), &written).expect("it was just written");
            assert_eq!(again, manifest);
        }
    }
}
