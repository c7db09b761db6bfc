//! Reads external files: only regular ones, and only up to a limit.
//!
//! ```
//! let error = taper::internals::files::read("Cargo.toml".as_ref(), 10).unwrap_err();
//! assert!(error.to_string().contains("more than 10 bytes"));
//! ```

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::error::{Error, Result};

/// Opens a regular file; returns it with its length in bytes.
///
/// Opening a FIFO would block and a device may never end, so both are refused before they are opened.
///
/// # Errors
/// [`Error::Data`] if the file does not exist, is not a regular file, or cannot be read.
pub fn open(path: &Path) -> Result<(File, u64)> {
    let refused = |error: io::Error| Error::data(path, format!("cannot be opened: {error}{}", hint(path)));
    require_regular(path, &fs::metadata(path).map_err(refused)?)?;
    let file = File::open(path).map_err(refused)?;
    // Checked again, because the path may have been replaced.
    let metadata = file.metadata().map_err(refused)?;
    require_regular(path, &metadata)?;
    tracing::debug!("reading {}, {} bytes", path.display(), metadata.len());
    Ok((file, metadata.len()))
}

/// Reads a whole regular file of at most `limit` bytes.
///
/// # Errors
/// As [`open`], and if the file is larger or a read fails.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let (file, length) = open(path)?;
    read_all(path, file, length, limit)
}

/// Reads all of `reader`, which should have `length` bytes and must not exceed `limit`; `path` is used in
/// errors only.
///
/// # Errors
/// If there are more than `limit` bytes or a read fails.
pub fn read_all(path: &Path, reader: impl Read, length: u64, limit: u64) -> Result<Vec<u8>> {
    let too_large = || Error::data(path, format!("more than {limit} bytes, too large for such a file"));
    if length > limit {
        return Err(too_large());
    }
    let mut content = buffer(path, length)?;
    reader
        .take(limit.saturating_add(1))
        .read_to_end(&mut content)
        .map_err(|error| failed_read(path, &error))?;
    if content.len() as u64 > limit { Err(too_large()) } else { Ok(content) }
}

/// An empty buffer with room for `length` bytes.
///
/// # Errors
/// If there is not enough memory.
pub fn buffer(path: &Path, length: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let reserved = usize::try_from(length).is_ok_and(|length| bytes.try_reserve_exact(length).is_ok());
    if reserved {
        Ok(bytes)
    } else {
        Err(Error::data(path, format!("needs {length} bytes of memory, which are not available")))
    }
}

/// The error for a failed read, or for damaged compressed data.
#[must_use]
pub fn failed_read(path: &Path, error: &io::Error) -> Error {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        Error::data(path, "the file is cut off; replace it")
    } else {
        Error::data(path, format!("cannot be read: {error}"))
    }
}

/// What to do about a path that cannot be opened because of how it is written.
#[must_use]
pub fn hint(path: &Path) -> &'static str {
    let text = path.to_string_lossy();
    if text.contains("://") {
        "; a URL, but only local files are read: download it first"
    } else if path.components().any(|part| part.as_os_str().as_encoded_bytes().starts_with(b"~")) {
        "; the shell did not expand `~`: write the whole path, or `$HOME`"
    } else {
        ""
    }
}

fn require_regular(path: &Path, metadata: &fs::Metadata) -> Result<()> {
    if metadata.is_file() {
        Ok(())
    } else {
        let kind =
            if metadata.is_dir() { "a folder, not a file" } else { "a pipe or device, not a regular file" };
        Err(Error::data(path, format!("is {kind}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_anything_but_a_regular_file_without_hanging() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let message = |path: &Path| open(path).unwrap_err().to_string();
        assert!(message(&pipe).contains("a pipe or device"));
        assert!(message(folder.path()).contains("a folder"));
        assert!(message(Path::new("https://example.org/a.csv")).contains("only local files are read"));
        assert!(message(Path::new("a/~/b.csv")).contains("the shell did not expand `~`"));
        assert!(message(Path::new("/dev/zero")).contains("a pipe or device"));
        assert!(message(&folder.path().join("none")).contains("cannot be opened"));
    }

    #[test]
    fn reads_only_up_to_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, b"12345").unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"12345");
        assert!(read(&path, 4).unwrap_err().to_string().contains("too large"));
    }
}
