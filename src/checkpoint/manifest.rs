//! `manifest.json`: the size and SHA-256 of every file of a checkpoint.
//!
//! A checkpoint is valid if and only if its manifest verifies. The manifest must match taper's own format
//! byte for byte; anything else counts as damage, even if it could be parsed.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{MODEL, OPTIMIZER, STATE};
use crate::digest::sha256;
use crate::error::{Error, Result};
use crate::files;

/// The manifest's file name.
pub const FILE: &str = "manifest.json";
/// The version of the folder layout and of all files in it.
pub const FORMAT: u32 = 2;
/// The listed files, in this order.
const LISTED: [&str; 3] = [MODEL, OPTIMIZER, STATE];
/// The longest manifest that is accepted; a real one has about 500 bytes.
const LIMIT: u64 = 1 << 16;

/// The contents of a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the format.
    pub format: u32,
    /// The number of steps taken.
    pub step: u64,
    /// All files except the manifest.
    pub files: Vec<Entry>,
}

/// One file of a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The file name in the folder.
    pub name: String,
    /// The size in bytes.
    pub bytes: u64,
    /// The SHA-256 in hexadecimal.
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
    /// [`Error::Checkpoint`] if it is missing, has a different format, or is not exactly as taper writes it.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        Self::parse(&path, &files::read(&path, LIMIT).map_err(Error::of_checkpoint)?)
    }

    /// Parses the `text` of a manifest; `path` is used in errors only.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if it has a different format, or is not exactly as taper writes it.
    pub fn parse(path: &Path, text: &[u8]) -> Result<Self> {
        let damaged = |why: String| Error::checkpoint(path, format!("damaged: {why}"));
        let manifest: Self = serde_json::from_slice(text).map_err(|error| damaged(error.to_string()))?;
        if !(1..=FORMAT).contains(&manifest.format) {
            return Err(Error::checkpoint(
                path,
                format!(
                    "has format {}, but this version of taper supports formats 1 to {FORMAT}",
                    manifest.format
                ),
            ));
        }
        let names: Vec<&str> = manifest.files.iter().map(|entry| entry.name.as_str()).collect();
        if names != LISTED {
            return Err(damaged(format!("it does not list exactly {}", LISTED.join(", "))));
        }
        if manifest.to_bytes().is_ok_and(|own| own != text) {
            return Err(damaged("it is not in the form that taper writes".to_owned()));
        }
        Ok(manifest)
    }

    /// The content of the file.
    ///
    /// # Errors
    /// If it cannot be written as JSON, which never happens.
    pub fn to_bytes(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec_pretty(self)
    }

    /// Returns the content of the file `name` if it matches the manifest.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if it is not listed, missing, or has a different size or checksum.
    pub fn verified(&self, folder: &Path, name: &str) -> Result<Vec<u8>> {
        let path = folder.join(name);
        let entry = self
            .files
            .iter()
            .find(|entry| entry.name == name)
            .ok_or_else(|| Error::checkpoint(&path, "not listed in manifest.json"))?;
        let (file, length) = files::open(&path).map_err(Error::of_checkpoint)?;
        if length != entry.bytes {
            let message = format!("damaged: {length} bytes, but manifest.json lists {}", entry.bytes);
            return Err(Error::checkpoint(&path, message));
        }
        let content = files::read_all(&path, file, length, length).map_err(Error::of_checkpoint)?;
        if sha256(&content) != entry.sha256 {
            return Err(Error::checkpoint(
                &path,
                "damaged: its SHA-256 differs from the one in manifest.json",
            ));
        }
        Ok(content)
    }
}
