//! Opens the argument of `--checkpoint`.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::folder::named_step;
use super::{Checkpoint, State, Store, manifest, nearby};
use crate::error::{Error, Result};
use crate::files;

/// The largest lone weights file that is accepted, 64 GiB.
const FILE_LIMIT: u64 = 1 << 36;

/// A message for files that are obviously not weights, judged by name.
fn other_file(path: &Path) -> Option<&'static str> {
    if path.file_name().is_some_and(|name| name == "optimizer.safetensors") {
        return Some("holds the state of the optimizer, not the weights; give its folder");
    }
    match path.extension()?.to_str()? {
        "toml" | "json" | "jsonl" | "csv" | "txt" | "md" | "yaml" | "yml" => {
            Some("is a text file, not weights; give a run folder, a checkpoint folder or a .safetensors file")
        }
        _ => None,
    }
}

/// The content of a lone weights file.
///
/// # Errors
/// [`Error::Checkpoint`] if it cannot be read, or is obviously another file.
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>> {
    if let Some(what) = other_file(path) {
        return Err(Error::checkpoint(path, what));
    }
    files::read(path, FILE_LIMIT).map_err(Error::of_checkpoint)
}

impl Checkpoint {
    /// Opens a run folder (its best checkpoint, else the latest), a checkpoint folder, or a `.safetensors`
    /// file written by taper.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] that describes what was found instead.
    pub fn open(path: &Path, mut skipped: impl FnMut(&Error)) -> Result<Self> {
        match fs::metadata(path) {
            Ok(facts) if facts.is_dir() => {}
            Ok(_) => {
                return Self::from_weights(path, read_file(path)?);
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(Error::checkpoint(path, nearby::explain_missing(path)));
            }
            Err(error) => return Err(Error::checkpoint(path, format!("cannot be opened: {error}"))),
        }
        if path.join(manifest::FILE).exists() || path.file_name().and_then(named_step).is_some() {
            return Self::read(path);
        }
        let store = Store::new(path);
        loop {
            let latest = store.latest(&mut skipped)?.ok_or_else(|| {
                let message = if path.file_name().is_some_and(|name| name == "checkpoints") {
                    "holds all checkpoints of a run; give the run folder above it, or one of them"
                } else {
                    "holds no checkpoint; give a run folder, a checkpoint folder or a .safetensors file"
                };
                Error::checkpoint(path, message)
            })?;
            let Some(best) = latest.state.as_ref().and_then(State::best) else {
                return Ok(latest);
            };
            let place = store.path(best.step);
            if place == latest.place {
                return Ok(latest);
            }
            match Self::read(&place) {
                Ok(best) => return Ok(best),
                // A run in progress has replaced the best checkpoint; a newer one names the new best.
                Err(_) if !place.exists() && store.steps()?.first() > latest.step().as_ref() => {}
                Err(error) => {
                    skipped(&error);
                    return Ok(latest);
                }
            }
        }
    }

    fn step(&self) -> Option<u64> {
        self.state.as_ref().map(|state| state.position.step)
    }
}
