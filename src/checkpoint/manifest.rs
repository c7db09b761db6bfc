//! `manifest.json`: the size and SHA-256 of every file of a checkpoint.
//!
//! A checkpoint is valid if and only if its manifest verifies. Each byte of it counts: a manifest that
//! is not written as taper writes it is damaged, even where it could be read.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{MODEL, OPTIMIZER, STATE};
use crate::digest::sha256;
use crate::error::{Error, Result};
use crate::files;

/// The manifest's file name.
pub const FILE: &str = "manifest.json";
/// The version of the folder's layout and of all files in it.
pub const FORMAT: u32 = 2;
/// The files that it lists, in this order.
const LISTED: [&str; 3] = [MODEL, OPTIMIZER, STATE];
/// The longest manifest that is read; a real one has some 500 bytes.
const LIMIT: u64 = 1 << 16;

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
    /// [`Error::Checkpoint`] if it is missing, of another format, or differs from what taper writes.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        Self::parse(&path, &files::read(&path, LIMIT).map_err(Error::of_checkpoint)?)
    }

    /// Reads the `text` of a manifest; `path` is only named in errors.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if it is of another format, or differs from what taper writes.
    pub fn parse(path: &Path, text: &[u8]) -> Result<Self> {
        let damaged = |why: String| Error::checkpoint(path, format!("damaged: {why}"));
        let manifest: Self = serde_json::from_slice(text).map_err(|error| damaged(error.to_string()))?;
        if !(1..=FORMAT).contains(&manifest.format) {
            return Err(Error::checkpoint(
                path,
                format!("has format {}, and this taper reads formats 1 to {FORMAT}", manifest.format),
            ));
        }
        let names: Vec<&str> = manifest.files.iter().map(|entry| entry.name.as_str()).collect();
        if names != LISTED {
            return Err(damaged(format!("it does not list just {}", LISTED.join(", "))));
        }
        if manifest.to_bytes().is_ok_and(|own| own != text) {
            return Err(damaged("it is not written as taper writes it".to_owned()));
        }
        Ok(manifest)
    }

    /// Its text in the file.
    ///
    /// # Errors
    /// If it cannot be written as JSON, which a manifest always can.
    pub fn to_bytes(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec_pretty(self)
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
        let (file, length) = files::open(&path).map_err(Error::of_checkpoint)?;
        if length != entry.bytes {
            let message = format!("damaged: {length} bytes where manifest.json says {}", entry.bytes);
            return Err(Error::checkpoint(&path, message));
        }
        let content = files::read_all(&path, file, length, length).map_err(Error::of_checkpoint)?;
        if sha256(&content) != entry.sha256 {
            return Err(Error::checkpoint(&path, "damaged: its SHA-256 is not that in manifest.json"));
        }
        Ok(content)
    }
}
