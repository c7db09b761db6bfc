//! IDX files of images and labels, plain and gzipped.

use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use taper::internals::data::formats::idx::decode;

use super::properties::check_error;

/// Reads the bytes as both kinds; what is read plain must be read gzipped.
pub fn run(data: &[u8]) {
    check::<1>(data);
    check::<3>(data);
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
