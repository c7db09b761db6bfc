//! Data files: only regular ones are opened, and new ones appear whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, Result};

/// Opens a regular file and tells its length in bytes.
///
/// A FIFO would block the open, a device might never end; both are refused before they are opened.
///
/// # Errors
/// [`Error::Data`] if there is no such file, if it is not a regular file, or if it cannot be read.
pub fn open(path: &Path) -> Result<(File, u64)> {
    let refused = |error: io::Error| Error::data(path, format!("cannot be opened: {error}"));
    require_regular(path, &fs::metadata(path).map_err(refused)?)?;
    let file = File::open(path).map_err(refused)?;
    // Looked at again: the name may have come to mean something else.
    let metadata = file.metadata().map_err(refused)?;
    require_regular(path, &metadata)?;
    Ok((file, metadata.len()))
}

/// Reads a whole regular file of at most `limit` bytes.
///
/// # Errors
/// As [`open`], and if the file is larger or a read fails.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let (file, length) = open(path)?;
    let too_large =
        || Error::data(path, format!("more than {limit} bytes, which is too large for such a file"));
    if length > limit {
        return Err(too_large());
    }
    let mut content = buffer(path, length)?;
    file.take(limit + 1).read_to_end(&mut content).map_err(|error| failed_read(path, &error))?;
    if content.len() as u64 > limit { Err(too_large()) } else { Ok(content) }
}

/// An empty buffer with room for `length` bytes.
///
/// # Errors
/// If there is not that much memory.
pub fn buffer(path: &Path, length: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let reserved = usize::try_from(length).is_ok_and(|length| bytes.try_reserve_exact(length).is_ok());
    if reserved {
        Ok(bytes)
    } else {
        Err(Error::data(path, format!("needs {length} bytes of memory, which cannot be had")))
    }
}

/// The error for a read that the system refused or that met damaged compression.
pub fn failed_read(path: &Path, error: &io::Error) -> Error {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        Error::data(path, "the file is cut off; get it again")
    } else {
        Error::data(path, format!("cannot be read: {error}"))
    }
}

/// Writes a file under a temporary name next to `path`, makes it durable and gives it its name.
///
/// # Errors
/// If the folder or the file cannot be written; `path` is then as it was before.
pub fn write_atomically(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(Error::io(folder, "create the folder"))?;
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}-{}.tmp", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed)));
    let temporary = folder.join(name);
    let written = (|| {
        let mut writer = BufWriter::new(File::create(&temporary)?);
        write(&mut writer)?;
        writer.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&temporary, path)?;
        // The new name is durable only once its folder is.
        if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
    })();
    written.map_err(|error| {
        // The first error is the one to tell; a leftover is hidden and harmless.
        let _ = fs::remove_file(&temporary);
        Error::io(path, "write the file")(error)
    })
}

fn require_regular(path: &Path, metadata: &fs::Metadata) -> Result<()> {
    if metadata.is_file() {
        Ok(())
    } else {
        let kind = if metadata.is_dir() { "a folder" } else { "a pipe or device" };
        Err(Error::data(path, format!("{kind}, not a regular file")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_no_regular_file_without_hanging() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let message = |path: &Path| open(path).unwrap_err().to_string();
        assert!(message(&pipe).contains("a pipe or device"));
        assert!(message(folder.path()).contains("a folder"));
        assert!(message(Path::new("/dev/zero")).contains("a pipe or device"));
        assert!(message(&folder.path().join("none")).contains("cannot be opened"));
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sub").join("file");
        write_atomically(&path, |writer| writer.write_all(b"old")).unwrap();
        let failed = write_atomically(&path, |writer| {
            writer.write_all(b"new")?;
            Err(io::Error::other("disk full"))
        });
        assert!(failed.unwrap_err().to_string().contains("disk full"));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn reads_up_to_the_limit_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, b"12345").unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"12345");
        assert!(read(&path, 4).unwrap_err().to_string().contains("too large"));
    }
}
