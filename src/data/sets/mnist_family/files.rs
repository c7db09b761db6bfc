//! Finds the four files, under the names that unpackers, Kaggle and torchvision give them.

use std::path::{Path, PathBuf};

use super::Profile;
use crate::data::SearchPath;
use crate::error::{Error, Result};

/// Images and labels of the training samples, then of the test samples.
pub const FILES: [[&str; 2]; 2] = [
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"],
    ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"],
];

/// Candidates for one of the four files, the preferred one first; at least one.
pub type Candidates = Vec<PathBuf>;

/// The four files, all from the first folder that has them all.
pub fn find(profile: &Profile, search: &SearchPath) -> Result<[[Candidates; 2]; 2]> {
    let places = search.places(profile.subfolders);
    for folder in &places {
        let found = FILES.map(|pair| pair.map(|name| candidates(folder, name)));
        if found.iter().flatten().all(|candidates| !candidates.is_empty()) {
            return Ok(found);
        }
    }
    let files = format!("{} (plain or with .gz)", FILES.concat().join(", "));
    Err(SearchPath::missing(profile.source, &files, &places))
}

/// The files for `name` in `folder`: plain, gzipped, with a dot as unpacked on Windows, or in a folder of that name, as
/// in some archives.
fn candidates(folder: &Path, name: &str) -> Candidates {
    let spellings = [name.to_owned(), name.replace("-idx", ".idx")];
    let names: Vec<String> = spellings.iter().flat_map(|name| [name.clone(), format!("{name}.gz")]).collect();
    let direct = names.iter().map(|name| folder.join(name));
    let within = names.iter().flat_map(|outer| names.iter().map(move |inner| folder.join(outer).join(inner)));
    direct.chain(within).filter(|path| path.exists() && !path.is_dir()).collect()
}

/// Reads the first of `candidates` that is undamaged, with a warning for each damaged one.
pub fn first<T>(candidates: &[PathBuf], read: impl Fn(&Path) -> Result<T>) -> Result<(&Path, T)> {
    let mut damaged: Option<Error> = None;
    for path in candidates {
        match (read(path), damaged.take()) {
            (Ok(content), None) => return Ok((path, content)),
            (Ok(content), Some(error)) => {
                tracing::warn!("{error}; reading {} instead", path.display());
                return Ok((path, content));
            }
            (Err(stopped @ Error::StoppedReading(_)), _) => return Err(stopped),
            (Err(error), earlier) => damaged = Some(earlier.unwrap_or(error)),
        }
    }
    Err(damaged.unwrap_or_else(|| Error::data("mnist", "is missing")))
}
