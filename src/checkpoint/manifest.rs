//! `manifest.json`: the size and SHA-256 of every file of a checkpoint.
//!
//! A checkpoint is valid if and only if its manifest verifies.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::digest::sha256;
use crate::error::{Error, Result};

/// The manifest's file name.
pub const FILE: &str = "manifest.json";
/// The version of the folder's layout and of all files in it.
pub const FORMAT: u32 = 1;

/// What a checkpoint consists of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the format.
    pub format: u32,
    /// Steps taken.
    pub step: u64,
    /// All files but the manifest.
    pub files: Vec<Entry>,
}

/// One file of a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its name in the folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// Describes `files`.
    #[must_use]
    pub fn new(step: u64, files: &[(&str, &[u8])]) -> Self {
        let files = files.iter().map(|(name, content)| Entry {
            name: (*name).to_owned(),
            bytes: content.len() as u64,
            sha256: sha256(content),
        });
        Self { format: FORMAT, step, files: files.collect() }
    }

    /// Reads the manifest of `folder`.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if it is missing, unreadable or of a newer format.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        Self::parse(&path, &read_limited(&path, 1 << 20)?)
    }

    /// Reads the `text` of a manifest; `path` is only named in errors.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if it is none, or of a newer format.
    pub fn parse(path: &Path, text: &[u8]) -> Result<Self> {
        let manifest: Self = serde_json::from_slice(text)
            .map_err(|error| Error::checkpoint(path, format!("damaged: {error}")))?;
        if manifest.format != FORMAT {
            return Err(Error::checkpoint(
                path,
                format!("has format {}, and this taper reads format {FORMAT}", manifest.format),
            ));
        }
        Ok(manifest)
    }

    /// The content of the file called `name`, if it is what the manifest says.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if it is not listed, missing, or of another size or content.
    pub fn verified(&self, folder: &Path, name: &str) -> Result<Vec<u8>> {
        let path = folder.join(name);
        let entry = self
            .files
            .iter()
            .find(|entry| entry.name == name)
            .ok_or_else(|| Error::checkpoint(&path, "not listed in manifest.json"))?;
        let content = read_limited(&path, entry.bytes)?;
        if content.len() as u64 != entry.bytes {
            let message = format!("damaged: {} bytes where the manifest says {}", content.len(), entry.bytes);
            return Err(Error::checkpoint(&path, message));
        }
        if sha256(&content) != entry.sha256 {
            return Err(Error::checkpoint(&path, "damaged: its SHA-256 is not the manifest's"));
        }
        Ok(content)
    }
}

/// Reads a regular file of at most `limit` bytes (a longer one is an error, before it is read).
pub(super) fn read_limited(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let missing = |error: std::io::Error| Error::checkpoint(path, format!("cannot read it: {error}"));
    let facts = fs::metadata(path).map_err(missing)?;
    if !facts.is_file() {
        return Err(Error::checkpoint(path, "not a regular file"));
    }
    if facts.len() > limit {
        return Err(Error::checkpoint(
            path,
            format!("{} bytes where at most {limit} are expected", facts.len()),
        ));
    }
    fs::read(path).map_err(missing)
}
