//! What a model's source holds at the moment, determined by a few system calls, without opening a file.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::config::{Follow, ModelConfig};
use crate::checkpoint::{Checkpoint, MODEL, Store, manifest};
use crate::error::{Error, Result};
use crate::wording::names;

/// The version of a lone file, which has no number of its own.
const LONE: u64 = 1;

/// A version that could be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its number; of a run, it is known once the checkpoint is read.
    pub number: Option<u64>,
    /// A file, a checkpoint folder or a run folder.
    pub place: PathBuf,
    /// Names, sizes and times of its files. If they are the same, so is the content.
    pub stamp: Stamp,
}

/// Names, sizes and times of modification.
pub type Stamp = Vec<(PathBuf, u64, Option<SystemTime>)>;

/// The versions in the source of a model that should be served, in ascending order.
///
/// # Errors
/// [`Error::Checkpoint`] if it cannot be read, or holds nothing that taper serves.
pub fn look(model: &ModelConfig) -> Result<Vec<Candidate>> {
    let source = &model.source;
    let failed = |error: io::Error| Error::checkpoint(source, format!("cannot be opened: {error}"));
    let facts = fs::metadata(source).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Error::checkpoint(source, crate::checkpoint::explain_missing(source)),
        _ => failed(error),
    })?;
    let lone = if facts.is_file() {
        Some(Candidate {
            number: Some(LONE),
            place: source.clone(),
            stamp: vec![entry(source.clone(), &facts)],
        })
    } else if source.join(manifest::FILE).exists() {
        let number = manifest::Manifest::read(source).ok().map(|manifest| manifest.step);
        Some(Candidate { number, place: source.clone(), stamp: stamp_of(source).map_err(failed)? })
    } else if source.join("checkpoints").is_dir() {
        let stamp = stamp_of(&source.join("checkpoints")).map_err(failed)?;
        Some(Candidate { number: None, place: source.clone(), stamp })
    } else {
        None
    };
    match lone {
        Some(candidate) if model.versions.is_empty() => Ok(vec![candidate]),
        Some(_) => {
            let message =
                "is not a folder of versions, whose subfolders have numbers as names; remove `versions`";
            Err(Error::checkpoint(source, message))
        }
        None => look_into(model),
    }
}

/// The versions in a folder of versions.
fn look_into(model: &ModelConfig) -> Result<Vec<Candidate>> {
    let source = &model.source;
    let failed = |error: io::Error| Error::checkpoint(source, format!("cannot be opened: {error}"));
    let mut versions = Vec::new();
    for entry in fs::read_dir(source).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let number = name.to_str().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
        if let Some(number) = number.and_then(|name| name.parse().ok()) {
            versions.push((number, entry.path()));
        }
    }
    versions.sort();
    // `007` and `7` are the same version; the first by name is taken.
    versions.dedup_by_key(|(number, _)| *number);
    if versions.is_empty() {
        return Err(Error::checkpoint(
            source,
            "holds nothing to serve; give a run folder, a checkpoint folder, a .safetensors file, or a folder \
             with a subfolder for each version, whose name is a number, such as 1",
        ));
    }
    if !model.versions.is_empty() {
        let listed =
            |numbers: &[u64]| names(&numbers.iter().map(ToString::to_string).collect::<Vec<_>>(), 10);
        let found: Vec<u64> = versions.iter().map(|(number, _)| *number).collect();
        versions.retain(|(number, _)| model.versions.contains(number));
        if versions.is_empty() {
            let (wanted, found) = (listed(&model.versions), listed(&found));
            let message = format!("holds none of the versions in `versions` ({wanted}); it holds {found}");
            return Err(Error::checkpoint(source, message));
        }
    }
    let first = versions.len().saturating_sub(model.most_versions());
    let candidate = |(number, place): (u64, PathBuf)| {
        let stamp = stamp_of(&place).map_err(failed)?;
        Ok(Candidate { number: Some(number), place, stamp })
    };
    versions.drain(first..).map(candidate).collect()
}

/// Reads and verifies a candidate.
///
/// # Errors
/// [`Error::Checkpoint`] that describes what is wrong with it.
pub fn open(candidate: &Candidate, follow: Follow) -> Result<(u64, Checkpoint)> {
    let place = &candidate.place;
    let lone = place.join(MODEL);
    let checkpoint = if follow == Follow::Latest && place.join("checkpoints").is_dir() {
        let latest = Store::new(place).latest(|_| {})?;
        latest.ok_or_else(|| Error::checkpoint(place, "holds no checkpoint yet"))?
    } else if lone.exists() && !place.join(manifest::FILE).exists() {
        Checkpoint::open(&lone, |_| {})?
    } else {
        Checkpoint::open(place, |_| {})?
    };
    let step = checkpoint.state.as_ref().map(|state| state.position.step);
    Ok((candidate.number.or(step).unwrap_or(LONE), checkpoint))
}

/// The entries of `folder`, in the order of their names.
fn stamp_of(folder: &Path) -> io::Result<Stamp> {
    let mut stamp = Vec::new();
    for found in fs::read_dir(folder)? {
        let found = found?;
        // An entry that is deleted in the meantime is skipped.
        if let Ok(facts) = fs::metadata(found.path()) {
            stamp.push(entry(found.path(), &facts));
        }
    }
    stamp.sort();
    Ok(stamp)
}

fn entry(path: PathBuf, facts: &Metadata) -> (PathBuf, u64, Option<SystemTime>) {
    (path, facts.len(), facts.modified().ok())
}
