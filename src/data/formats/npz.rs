//! NPZ files: ZIP archives of NPY files, read within limits.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use zip::{CompressionMethod, ZipArchive};

use super::array::Array;
use super::{foreign, npy};
use crate::data::loading::{Loading, Watched};
use crate::error::{Error, Result};
use crate::files;

/// An open NPZ archive.
pub(in crate::data) struct Archive<'a, R> {
    path: &'a Path,
    zip: ZipArchive<R>,
}

impl<'a> Archive<'a, BufReader<Watched<File>>> {
    /// Opens the archive and reads its directory; `loading` reports progress and stops reading.
    pub(in crate::data) fn open(path: &'a Path, loading: &Loading) -> Result<Self> {
        let (file, _) = loading.open(path)?;
        Self::new(path, BufReader::new(file))
    }
}

impl<'a, R: Read + Seek> Archive<'a, R> {
    /// Reads the directory of an archive; `path` is used in errors only.
    pub(in crate::data) fn new(path: &'a Path, mut content: R) -> Result<Self> {
        let mut head = Vec::new();
        let start = content.by_ref().take(foreign::ENOUGH as u64).read_to_end(&mut head);
        start.and_then(|_| content.rewind()).map_err(|error| files::failed_read(path, &error))?;
        if !head.starts_with(b"PK") {
            let what = if head.is_empty() {
                "is empty; save it again".to_owned()
            } else if head.starts_with(b"\x93NUMPY") {
                "is a single array (`.npy`), not an NPZ file; save all arrays with `numpy.savez`".to_owned()
            } else {
                let other = foreign::explain(&head).map_or_else(String::new, |what| format!(": it {what}"));
                format!("is not an NPZ file{other}")
            };
            return Err(Error::data(path, what));
        }
        let zip = ZipArchive::new(content).map_err(|error| {
            Error::data(path, format!("is not an NPZ file, or is damaged: {error}; save it again"))
        })?;
        Ok(Self { path, zip })
    }

    /// The path of the archive.
    pub(in crate::data) fn path(&self) -> &'a Path {
        self.path
    }

    /// Whether it has an array of this name.
    pub(in crate::data) fn has(&self, array: &str) -> bool {
        self.zip.index_for_name(&format!("{array}.npy")).is_some()
    }

    /// The names of its arrays.
    pub(in crate::data) fn names(&self) -> Vec<String> {
        let names = self.zip.file_names_raw().filter_map(|name| std::str::from_utf8(name).ok());
        names.filter_map(|name| name.strip_suffix(".npy")).map(str::to_owned).collect()
    }

    /// Reads the array of this name.
    pub(in crate::data) fn array(&mut self, array: &str) -> Result<Array> {
        let path = self.path;
        let failed = |message: String| Error::data(path, format!("array `{array}`: {message}"));
        let Some(index) = self.zip.index_for_name(&format!("{array}.npy")) else {
            let names: Vec<String> = self.names().into_iter().take(20).collect();
            return Err(failed(format!("not in the file, which has {}", names.join(", "))));
        };
        let entry = self.zip.by_index(index).map_err(|error| failed(error.to_string()))?;
        if !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
            return Err(failed(format!(
                "compressed with {}; only deflate is supported",
                entry.compression()
            )));
        }
        let size = entry.size();
        if size > npy::LIMIT {
            return Err(failed(format!("{size} bytes; the limit is {}", npy::LIMIT)));
        }
        // The declared size may be wrong, so the buffer grows with the data, and only if the array's own
        // header agrees with that size.
        let mut content = Vec::new();
        let mut entry = entry.take(size + 1);
        let unreadable = |error: std::io::Error| failed(error.to_string());
        entry.by_ref().take(npy::LONGEST_START).read_to_end(&mut content).map_err(unreadable)?;
        npy::header(&content, size).map_err(failed)?;
        entry.read_to_end(&mut content).map_err(unreadable)?;
        if content.len() as u64 != size {
            return Err(failed(format!("{size} bytes are declared, only {} follow", content.len())));
        }
        npy::parse(content).map_err(failed)
    }
}
