//! A file being downloaded: `NAME.part` until it is complete and its checksum is right, then `NAME`.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use sha2::{Digest as _, Sha256};

use super::sources::RemoteFile;
use crate::data::Loading;
use crate::digest::hexadecimal;
use crate::durable::{require_regular, sync_folder};
use crate::error::{Error, Result};

/// The bytes of a file that this or an earlier process has received.
#[derive(Debug)]
pub struct Part {
    file: File,
    path: PathBuf,
    length: u64,
}

impl Part {
    /// Opens `NAME.part` next to `path`, keeping what an earlier process wrote.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be opened.
    pub fn open(path: &Path) -> Result<Self> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        let path = path.with_file_name(name);
        require_regular(&path)?;
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(Error::io(&path, "create it"))?;
        let length = file.seek(SeekFrom::End(0)).map_err(Error::io(&path, "read it"))?;
        Ok(Self { file, path, length })
    }

    /// The number of bytes received.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written.
    pub fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(Error::io(&self.path, "write it"))?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Discards all bytes.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be truncated.
    pub fn clear(&mut self) -> Result<()> {
        let cut = self.file.set_len(0).and_then(|()| self.file.rewind());
        cut.map_err(Error::io(&self.path, "empty it"))?;
        self.length = 0;
        Ok(())
    }

    /// Whether the part is complete and has the checksum of `expected`.
    ///
    /// # Errors
    /// [`Error::Io`] if they cannot be read, [`Error::StoppedReading`] after a signal.
    pub fn is(&self, expected: &RemoteFile, loading: &Loading) -> Result<bool> {
        is(&self.path, expected, loading)
    }

    /// Flushes the file to the disk and renames it to `path`.
    ///
    /// # Errors
    /// [`Error::Io`] if that fails; `path` is then unchanged.
    pub fn publish(self, path: &Path) -> Result<()> {
        self.file.sync_all().map_err(Error::io(&self.path, "flush it to the disk"))?;
        fs::rename(&self.path, path).map_err(Error::io(path, "give it its name"))?;
        sync_folder(path.parent().unwrap_or(Path::new("")))
    }

    /// Deletes the file if it is empty.
    pub fn drop_if_empty(self) {
        if self.length == 0 {
            // Best effort: an empty file does no harm.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Whether the file at `path`, or its unpacked content, has the checksum of `expected`.
///
/// # Errors
/// [`Error::Io`] if it cannot be read, [`Error::StoppedReading`] after a signal.
pub fn is(path: &Path, expected: &RemoteFile, loading: &Loading) -> Result<bool> {
    let open = || File::open(path).map_err(Error::io(path, "open it"));
    let sum = sum(open()?, u64::MAX, loading)?.map_err(Error::io(path, "read it"))?;
    if sum.is_some_and(|sum| sum == expected.sha256) {
        return Ok(true);
    }
    let Some(content) = &expected.content else { return Ok(false) };
    let unpacked = MultiGzDecoder::new(BufReader::new(open()?));
    // A file that cannot be unpacked is not the expected one.
    Ok(self::sum(unpacked, content.length, loading)?
        .is_ok_and(|sum| sum.is_some_and(|sum| sum == content.sha256)))
}

/// The SHA-256 of everything that `reader` returns, if that is at most `limit` bytes.
fn sum(mut reader: impl Read, limit: u64, loading: &Loading) -> Result<io::Result<Option<String>>> {
    let (mut hasher, mut buffer, mut length) = (Sha256::new(), vec![0; 1 << 16], 0);
    loop {
        loading.check()?;
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(Ok(Some(hexadecimal(&hasher.finalize())))),
            Ok(count) => {
                length += count as u64;
                if length > limit {
                    return Ok(Ok(None));
                }
                hasher.update(&buffer[..count]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Ok(Err(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::fetch::sources::Content;
    use crate::digest::sha256;

    fn gzip(content: &[u8], level: u32) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_part_is_continued_and_has_its_name_once_it_is_published() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.gz");
        Part::open(&path).unwrap().append(b"one").unwrap();
        let mut part = Part::open(&path).unwrap();
        assert_eq!(part.length(), 3);
        part.append(b"two").unwrap();
        assert!(!path.exists());
        part.publish(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"onetwo");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let mut part = Part::open(&path).unwrap();
        part.append(b"three").unwrap();
        part.clear().unwrap();
        assert_eq!(part.length(), 0);
        part.drop_if_empty();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_bytes_or_the_content_must_have_the_right_sum() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.gz");
        let content = vec![7; 5000];
        let original = gzip(&content, 1);
        let mut expected = RemoteFile {
            name: "a.gz",
            length: original.len() as u64,
            sha256: sha256(&original).leak(),
            content: Some(Content { length: 5000, sha256: sha256(&content).leak() }),
        };
        let mut right = |bytes: &[u8], by_content: bool| {
            fs::write(&path, bytes).unwrap();
            if !by_content {
                expected.content = None;
            }
            is(&path, &expected, &Loading::default()).unwrap()
        };
        assert!(right(&original, true));
        assert!(right(&gzip(&content, 9), true));
        for wrong in [&content[..], b"", &original[..original.len() - 1], &gzip(&[7; 5001], 1)] {
            assert!(!right(wrong, true));
        }
        assert!(!right(&gzip(&content, 9), false));
        assert!(right(&original, false));
    }
}
