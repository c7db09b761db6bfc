//! Which files are meant by the places that a user names: files, folders, and names of files in data folders.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::Reader;
use crate::data::SearchPath;
use crate::data::formats::image;
use crate::error::{Error, Result};

/// Files to predict for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// In the order of the places; those of a folder sorted by name, with those of folders within.
    pub files: Vec<PathBuf>,
    /// How many files of folders are of no kind that can be read.
    pub passed_over: usize,
}

/// What the name of a file says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Picture,
    Numbers,
}

impl Reader<'_> {
    /// The files at `places`. A place that is not there is looked for in the data folders of `search`, with or
    /// without a leading `data`. Of a folder, all files count that can be read: the pictures for a network
    /// that takes pictures, where there are any, else files of numbers. Hidden ones do not. Links to folders are
    /// followed, to each folder once and never to one that holds the place, so that circles end.
    ///
    /// # Errors
    /// [`Error::Data`] if a folder cannot be listed, or holds nothing that can be read.
    pub fn find(&self, places: &[&Path], search: &SearchPath) -> Result<Found> {
        let mut found = Found::default();
        for place in places {
            let place = look(place, search);
            if !place.is_dir() {
                found.files.push(place);
                continue;
            }
            let mut listed = Vec::new();
            list(&place, &mut listed, &mut found.passed_over)?;
            let (pictures, numbers): (Vec<_>, Vec<_>) =
                listed.into_iter().partition(|(_, kind)| *kind == Kind::Picture);
            // A folder of pictures may also hold a table about them.
            let chosen = if numbers.is_empty() || self.takes_pictures() && !pictures.is_empty() {
                found.passed_over += numbers.len();
                pictures
            } else {
                found.passed_over += pictures.len();
                numbers
            };
            if chosen.is_empty() {
                let message = format!(
                    "holds no file that can be predicted for; supported are {}",
                    super::unsupported::KINDS
                );
                return Err(Error::data(place, message));
            }
            found.files.extend(chosen.into_iter().map(|(path, _)| path));
        }
        Ok(found)
    }
}

/// `place`, or where a data folder has it.
fn look(place: &Path, search: &SearchPath) -> PathBuf {
    if place.is_absolute() || place.as_os_str() == "-" || place.exists() {
        return place.to_path_buf();
    }
    let names = [place, place.strip_prefix("data").unwrap_or(place)];
    let within = |folder: &PathBuf| names.iter().map(|name| folder.join(name)).find(|path| path.exists());
    search.folders.iter().find_map(within).unwrap_or_else(|| place.to_path_buf())
}

/// Adds the files in `folder` and in those within it to `files`, sorted by name.
fn list(folder: &Path, files: &mut Vec<(PathBuf, Kind)>, passed_over: &mut usize) -> Result<()> {
    let mut open = vec![folder.to_path_buf()];
    let (mut seen, mut root) = (HashSet::new(), None::<PathBuf>);
    while let Some(folder) = open.pop() {
        let failed =
            |error: std::io::Error| Error::data(&folder, format!("the folder cannot be listed: {error}"));
        let real = folder.canonicalize().map_err(failed)?;
        // A link to a folder that holds the named one leads out of it.
        let leads_out = root.as_ref().is_some_and(|root| *root != real && root.starts_with(&real));
        if leads_out || !seen.insert(real.clone()) {
            continue;
        }
        root.get_or_insert(real);
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if let Some(kind) = kind(&path) {
                files.push((path, kind));
            } else {
                *passed_over += 1;
            }
        }
    }
    files.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    Ok(())
}

fn kind(path: &Path) -> Option<Kind> {
    let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    let extension = plain.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension {
        _ if image::EXTENSIONS.contains(&extension) && plain == name => Some(Kind::Picture),
        "npy" | "npz" | "csv" | "tsv" | "json" if plain == name => Some(Kind::Numbers),
        _ if plain.ends_with("ubyte") || extension == "idx" => Some(Kind::Numbers),
        _ => None,
    }
}
