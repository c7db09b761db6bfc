//! NPZ files: ZIP archives of NPY files, or folders of such, read within limits.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use zip::{CompressionMethod, ZipArchive};

use super::array::Array;
use super::{foreign, npy};
use crate::data::loading::{Loading, Watched};
use crate::error::{Error, Result};
use crate::files;

/// An open NPZ archive, or a folder of NPY files.
pub(in crate::data) struct Archive<'a, R> {
    path: &'a Path,
    arrays: Arrays<R>,
    /// Whether `path` is where the arrays are, so that they can be read from there later.
    on_disk: bool,
}

enum Arrays<R> {
    Zip(ZipArchive<R>),
    Folder { names: Vec<String>, loading: Loading },
}

/// Where the bytes of an NPY file are.
pub(in crate::data) struct Place {
    pub path: PathBuf,
    /// The position of its first byte in the file at `path`.
    pub start: u64,
    pub size: u64,
}

impl<'a> Archive<'a, BufReader<Watched<File>>> {
    /// Opens the archive and reads its directory; `loading` reports progress and stops reading.
    pub(in crate::data) fn open(path: &'a Path, loading: &Loading) -> Result<Self> {
        if path.is_dir() {
            let failed =
                |error: std::io::Error| Error::data(path, format!("cannot list the folder: {error}"));
            let mut names = Vec::new();
            for entry in std::fs::read_dir(path).map_err(failed)? {
                let name = entry.map_err(failed)?.file_name();
                names.extend(name.to_str().and_then(|name| name.strip_suffix(".npy")).map(str::to_owned));
            }
            names.sort_unstable();
            if names.is_empty() {
                return Err(Error::data(
                    path,
                    "is a folder without `.npy` files; save arrays with `numpy.save`",
                ));
            }
            let arrays = Arrays::Folder { names, loading: loading.clone() };
            return Ok(Self { path, arrays, on_disk: true });
        }
        let (file, _) = loading.open(path)?;
        Ok(Self { on_disk: true, ..Self::new(path, BufReader::new(file))? })
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
                "is a single array (`.npy`), not an NPZ file; save all arrays with `numpy.savez`, or set `path` to a folder of `.npy` files".to_owned()
            } else {
                let other = foreign::explain(&head).map_or_else(String::new, |what| format!(": it {what}"));
                format!("is not an NPZ file{other}")
            };
            return Err(Error::data(path, what));
        }
        let zip = ZipArchive::new(content).map_err(|error| {
            Error::data(path, format!("is not an NPZ file, or is damaged: {error}; save it again"))
        })?;
        Ok(Self { path, arrays: Arrays::Zip(zip), on_disk: false })
    }

    /// The path of the archive.
    pub(in crate::data) fn path(&self) -> &'a Path {
        self.path
    }

    /// Whether it has an array of this name.
    pub(in crate::data) fn has(&self, array: &str) -> bool {
        match &self.arrays {
            Arrays::Zip(zip) => zip.index_for_name(&format!("{array}.npy")).is_some(),
            Arrays::Folder { names, .. } => names.iter().any(|name| name == array),
        }
    }

    /// The names of its arrays.
    pub(in crate::data) fn names(&self) -> Vec<String> {
        let zip = match &self.arrays {
            Arrays::Zip(zip) => zip,
            Arrays::Folder { names, .. } => return names.clone(),
        };
        let names = zip.file_names_raw().filter_map(|name| std::str::from_utf8(name).ok());
        names.filter_map(|name| name.strip_suffix(".npy")).map(str::to_owned).collect()
    }

    /// Where the array of this name is, if it can be read from there, uncompressed.
    pub(in crate::data) fn place(&mut self, array: &str) -> Option<Place> {
        if !self.on_disk {
            return None;
        }
        match &mut self.arrays {
            Arrays::Folder { .. } => {
                let path = self.path.join(format!("{array}.npy"));
                let size = std::fs::metadata(&path).ok()?.len();
                Some(Place { path, start: 0, size })
            }
            Arrays::Zip(zip) => {
                let index = zip.index_for_name(&format!("{array}.npy"))?;
                let entry = zip.by_index(index).ok()?;
                let stored = entry.compression() == CompressionMethod::Stored && !entry.encrypted();
                let start = entry.data_start().filter(|_| stored)?;
                Some(Place { path: self.path.to_path_buf(), start, size: entry.size() })
            }
        }
    }

    /// Reads the array of this name.
    pub(in crate::data) fn array(&mut self, array: &str) -> Result<Array> {
        let path = self.path;
        let failed = |message: String| Error::data(path, format!("array `{array}`: {message}"));
        if !self.has(array) {
            let names: Vec<String> = self.names().into_iter().take(20).collect();
            let file = if path.is_dir() { "folder" } else { "file" };
            return Err(failed(format!("not in the {file}, which has {}", names.join(", "))));
        }
        let zip = match &mut self.arrays {
            Arrays::Zip(zip) => zip,
            Arrays::Folder { loading, .. } => {
                let file = path.join(format!("{array}.npy"));
                let (content, length) = loading.open(&file)?;
                let content = files::read_all(&file, content, length, npy::LIMIT)?;
                return npy::parse(content).map_err(|message| Error::data(&file, message));
            }
        };
        let index = zip.index_for_name(&format!("{array}.npy")).unwrap_or_default();
        let entry = zip.by_index(index).map_err(|error| failed(error.to_string()))?;
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
