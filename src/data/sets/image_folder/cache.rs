//! Decoded images in a file, so that later epochs and runs need not decode them.
//!
//! The file begins with a header that names the images. A record for each image follows: its checksum and its
//! pixels; the file is sparse until they are written. Records are verified when read, so that a record that a
//! kill or a full disk left incomplete is decoded and written again, as is one that was damaged. Several
//! processes may use one file: all write the same bytes.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::data::formats::positioned::{read_at, write_at};
use crate::error::{Error, Result};

/// The first bytes of the file; a version follows.
const MAGIC: &str = "taper images 1";
/// The size of the header in bytes.
const HEADER: u64 = 128;
/// The size of a checksum in bytes.
const CHECKSUM: usize = 8;

pub(super) struct Cache {
    file: File,
    path: PathBuf,
    /// The bytes of an image.
    size: usize,
    /// Whether a write failed, after which none is tried.
    full: AtomicBool,
}

impl Cache {
    /// Opens or creates the file for `images` of `size` bytes with this fingerprint in `folder`.
    ///
    /// # Errors
    /// If the folder or the file cannot be created or read.
    pub fn open(folder: &Path, fingerprint: &str, images: usize, size: usize) -> Result<Self> {
        let failed = |path: &Path, error: std::io::Error| {
            let message = format!("cannot hold the cache of images: {error}; set `cache` to another folder");
            Error::data(path, message)
        };
        std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
        let path = folder.join(format!("{}.pixels", &fingerprint[..16.min(fingerprint.len())]));
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let file = open.map_err(|error| failed(&path, error))?;
        let length = HEADER + images as u64 * (CHECKSUM + size) as u64;
        let mut header = format!("{MAGIC}\n{fingerprint}\n").into_bytes();
        header.resize(HEADER as usize, b' ');
        let mut found = vec![0; HEADER as usize];
        let known = read_at(&file, 0, &mut found).is_ok() && found == header;
        if !known || !file.metadata().is_ok_and(|metadata| metadata.len() == length) {
            let create = || {
                file.set_len(0)?;
                file.set_len(length)?;
                write_at(&file, 0, &header)
            };
            create().map_err(|error| failed(&path, error))?;
        }
        Ok(Self { file, path, size, full: AtomicBool::new(false) })
    }

    /// Reads image `index`; returns whether it was there and undamaged.
    pub fn read(&self, index: usize, to: &mut [u8]) -> bool {
        let mut record = vec![0; CHECKSUM + to.len()];
        if read_at(&self.file, self.position(index), &mut record).is_err() {
            return false;
        }
        let (checksum, pixels) = record.split_at(CHECKSUM);
        to.copy_from_slice(pixels);
        checksum == self::checksum(index, pixels)
    }

    /// Writes image `index`. After a failure, such as a full disk, a warning is given and no other is written.
    pub fn write(&self, index: usize, pixels: &[u8]) {
        if self.full.load(Ordering::Relaxed) {
            return;
        }
        let record = [&checksum(index, pixels)[..], pixels].concat();
        if let Err(error) = write_at(&self.file, self.position(index), &record)
            && !self.full.swap(true, Ordering::Relaxed)
        {
            let path = self.path.display();
            tracing::warn!("{path}: cannot be written: {error}; other images are decoded in each epoch");
        }
    }

    fn position(&self, index: usize) -> u64 {
        HEADER + index as u64 * (CHECKSUM + self.size) as u64
    }
}

/// The CRC-32 of the index and the pixels, and a mark without which a record of zeros could be valid.
fn checksum(index: usize, pixels: &[u8]) -> [u8; CHECKSUM] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&(index as u64).to_le_bytes());
    hasher.update(pixels);
    let [a, b, c, d] = hasher.finalize().to_le_bytes();
    [b'p', b'i', b'x', b'.', a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cache: &Cache, index: usize) -> Option<Vec<u8>> {
        let mut pixels = vec![0; 5];
        cache.read(index, &mut pixels).then_some(pixels)
    }

    #[test]
    fn images_are_found_again_and_damage_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Cache::open(folder.path(), "0123456789abcdef0", 3, 5).unwrap();
        let cache = open();
        assert!((0..3).all(|index| read(&cache, index).is_none()));
        cache.write(1, &[1, 2, 3, 4, 5]);
        cache.write(2, &[0; 5]);
        let cache = open();
        assert_eq!([0, 1, 2].map(|i| read(&cache, i)), [None, Some(vec![1, 2, 3, 4, 5]), Some(vec![0; 5])]);
        let whole = std::fs::read(&cache.path).unwrap();
        let first = HEADER as usize + CHECKSUM + 5;
        for byte in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[byte] ^= 1;
            std::fs::write(&cache.path, &damaged).unwrap();
            let cache = open();
            let lost = byte < HEADER as usize || (first..first + CHECKSUM + 5).contains(&byte);
            assert_eq!(read(&cache, 1).is_none(), lost, "byte {byte}");
            assert_eq!(read(&cache, 0), None);
        }
        for length in 0..whole.len() {
            std::fs::write(&cache.path, &whole[..length]).unwrap();
            assert_eq!([0, 1, 2].map(|i| read(&open(), i)), [None, None, None], "{length} bytes");
        }
    }

    #[test]
    fn another_data_set_does_not_use_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        let open = |fingerprint| Cache::open(folder.path(), fingerprint, 3, 5).unwrap();
        open("0123456789abcdef0").write(0, &[9; 5]);
        assert_eq!(read(&open("1123456789abcdef0"), 0), None);
        assert_eq!(read(&open("0123456789abcdef1"), 0), None, "of the same name: it is replaced");
    }

    #[test]
    fn a_folder_that_cannot_be_used_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let message = Cache::open(&file, "0123456789abcdef0", 3, 5).err().unwrap().to_string();
        assert!(message.contains("file: cannot hold the cache of images"), "{message}");
    }
}
