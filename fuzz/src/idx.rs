//! IDX files of images, labels and other numbers, plain and gzipped.

use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use taper::internals::data::formats::idx::{decode, decode_array};

use super::properties::check_error;

/// Reads the bytes as both kinds; what is read plain must be read gzipped.
pub fn run(data: &[u8]) {
    check::<1>(data);
    check::<3>(data);
    check_array(data);
}

/// The same file as numbers of whatever type it is.
fn check_array(data: &[u8]) {
    match decode_array(Path::new("numbers.idx"), data, data.len() as u64, |_| Ok(())) {
        Err(error) => check_error(&error),
        Ok(array) => {
            let count: usize = array.shape.iter().product();
            let floats = array.values.into_floats().expect("no words");
            assert_eq!(floats.len(), count);
            assert!(count > 0 && floats.iter().all(|value| value.is_finite()), "no value, or one without end");
        }
    }
}

fn check<const D: usize>(data: &[u8]) {
    let read = |data: &[u8]| decode::<D>(Path::new("images.idx"), data, data.len() as u64, |_| Ok(()));
    match read(data) {
        Err(error) => check_error(&error),
        Ok((sizes, bytes)) => {
            assert_eq!(sizes.iter().product::<usize>(), bytes.len());
            if !data.starts_with(&[0x1f, 0x8b]) {
                assert!(bytes.capacity() <= data.len(), "more memory than the file is long");
                assert!(data.ends_with(&bytes), "other bytes than the file's");
                let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(data).expect("memory");
                let packed = encoder.finish().expect("memory");
                assert_eq!(read(&packed).expect("gzipped it is the same"), (sizes, bytes));
            }
        }
    }
}
