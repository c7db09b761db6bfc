//! Resolves what the user names (files, folders, names in the data folders) to input files.

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
    /// The files, in the order of the places; those of a folder and its subfolders sorted by path.
    pub files: Vec<PathBuf>,
    /// The number of files in folders that were skipped because their type does not fit.
    pub passed_over: usize,
}

/// The type of a file, by its name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Picture,
    Numbers,
}

impl Reader<'_> {
    /// The files at `places`. A place that does not exist is searched for in the data folders of `search`, with
    /// or without a leading `data`. A folder stands for all supported files in it: the images, if there are any
    /// and the network takes images, else the files of numbers. Hidden files are skipped. Links to folders are
    /// followed, each folder once and never to a parent of the named folder, so that cycles end.
    ///
    /// # Errors
    /// [`Error::Data`] if a folder cannot be listed or holds no supported file.
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
            // A folder of images may also hold a table about them.
            let chosen = if numbers.is_empty() || self.takes_pictures() && !pictures.is_empty() {
                found.passed_over += numbers.len();
                pictures
            } else {
                found.passed_over += pictures.len();
                numbers
            };
            if chosen.is_empty() {
                let message =
                    format!("holds no supported file; the supported types are {}", super::unsupported::KINDS);
                return Err(Error::data(place, message));
            }
            found.files.extend(chosen.into_iter().map(|(path, _)| path));
        }
        Ok(found)
    }
}

/// `place`, or the path at which a data folder has it.
fn look(place: &Path, search: &SearchPath) -> PathBuf {
    if place.is_absolute() || place.as_os_str() == "-" || place.exists() {
        return place.to_path_buf();
    }
    let names = [place, place.strip_prefix("data").unwrap_or(place)];
    let within = |folder: &PathBuf| names.iter().map(|name| folder.join(name)).find(|path| path.exists());
    search.folders.iter().find_map(within).unwrap_or_else(|| place.to_path_buf())
}

/// Adds the files in `folder` and its subfolders to `files`, sorted by path.
fn list(folder: &Path, files: &mut Vec<(PathBuf, Kind)>, passed_over: &mut usize) -> Result<()> {
    let mut open = vec![folder.to_path_buf()];
    let (mut seen, mut root) = (HashSet::new(), None::<PathBuf>);
    while let Some(folder) = open.pop() {
        let failed = |error: std::io::Error| Error::data(&folder, format!("cannot list the folder: {error}"));
        let real = folder.canonicalize().map_err(failed)?;
        // A link to a parent of the named folder leads out of it.
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
