//! Append-only files.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::durable::require_regular;
use crate::error::{Error, Result};

/// The longest first line that is accepted; that of a table of metrics has a few hundred bytes.
const LONGEST_LINE: u64 = 1 << 16;

/// An append-only file of lines that is truncated when a run resumes, for use by callbacks.
pub struct Growing {
    path: PathBuf,
    file: File,
    size: u64,
}

impl Growing {
    /// Opens or creates the file, and truncates it to `size`.
    ///
    /// # Errors
    /// If it is shorter than `size`, or an I/O error occurs.
    pub fn open(path: PathBuf, size: u64) -> Result<Self> {
        check_size(&path, size)?;
        let mut options = OpenOptions::new();
        let mut file = options
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(Error::io(&path, "open it"))?;
        file.set_len(size).map_err(Error::io(&path, "truncate it to the checkpoint's size"))?;
        file.seek(SeekFrom::End(0)).map_err(Error::io(&path, "seek to its end"))?;
        Ok(Self { path, file, size })
    }

    /// The first line without its line break; empty for an empty file.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn first_line(&self) -> Result<String> {
        let mut line = Vec::new();
        if self.size > 0 {
            let file = File::open(&self.path).map_err(Error::io(&self.path, "open it"))?;
            let read = BufReader::new(file.take(LONGEST_LINE)).read_until(b'\n', &mut line);
            read.map_err(Error::io(&self.path, "read its first line"))?;
        }
        Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
    }

    /// Appends a line.
    ///
    /// # Errors
    /// If an I/O error occurs.
    pub fn line(&mut self, text: &str) -> Result<()> {
        let line = format!("{text}\n");
        self.file.write_all(line.as_bytes()).map_err(Error::io(&self.path, "write a line"))?;
        self.size += line.len() as u64;
        Ok(())
    }

    /// The size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn refused(&self, source: std::io::Error) -> Error {
        Error::io(&self.path, "write a line")(source)
    }

    /// The size in bytes, after flushing all lines to disk.
    ///
    /// # Errors
    /// If an I/O error occurs.
    pub fn durable_size(&self) -> Result<u64> {
        self.file.sync_data().map_err(Error::io(&self.path, "flush it to the disk"))?;
        Ok(self.size)
    }
}

/// Checks that an append-only file has at least `size` bytes.
///
/// # Errors
/// [`Error::Checkpoint`] if it is shorter.
pub fn check_size(path: &Path, size: u64) -> Result<()> {
    require_regular(path)?;
    let found = std::fs::metadata(path).map_or(0, |facts| facts.len());
    if found >= size {
        return Ok(());
    }
    let message = format!(
        "has {found} bytes, but the checkpoint recorded {size}: lines were lost; \
         restore the complete file, or start a new run"
    );
    Err(Error::checkpoint(path, message))
}
