//! What `taper bench --baseline` compares with.

use std::path::Path;

use taper::bench::Baseline;

use super::properties::check_error;

/// Reads the bytes as an earlier result.
pub fn run(data: &[u8]) {
    if let Err(error) = Baseline::parse(Path::new("baseline.json"), data) {
        check_error(&error);
    }
}
