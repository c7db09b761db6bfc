//! Files of CIFAR-10 records.

use std::path::Path;

use taper::data::sets::cifar10::records;

use super::properties::check_error;

/// Reads the bytes, and the bytes brought to the length of whole records.
pub fn run(data: &[u8]) {
    const RECORD: usize = 1 + 3 * 32 * 32;
    let _ = check(data);
    let mut whole = data.to_vec();
    whole.resize(data.len().div_ceil(RECORD) * RECORD, 0);
    if let Err(error) = check(&whole) {
        let wrong = whole.iter().step_by(RECORD).any(|label| *label > 9);
        assert!(wrong || whole.is_empty(), "{error}");
    }
}

fn check(data: &[u8]) -> taper::Result<()> {
    match records(Path::new("batch.bin"), data) {
        Err(error) => {
            check_error(&error);
            Err(error)
        }
        Ok(records) => {
            let mut written = Vec::with_capacity(data.len());
            for (label, image) in records {
                written.push(u8::try_from(label).expect("a class"));
                written.extend_from_slice(image);
            }
            assert_eq!(written, data);
            Ok(())
        }
    }
}
