//! Finds the folders of the splits, and checks whether folders are classes.

use std::path::{Path, PathBuf};

use super::Config;
use super::files::{is_image, is_rubbish, sub_folders};
use crate::data::SearchPath;
use crate::error::{Error, Result};
use crate::wording::names;

/// Accepted names of the folders of training, validation and test samples, in upper or lower case; `_set`,
/// `_images` or `_data` may follow.
const TRAIN: [&str; 2] = ["train", "training"];
pub(super) const VALIDATION: [&str; 3] = ["validation", "valid", "val"];
const TEST: [&str; 2] = ["test", "testing"];

/// The folders of one data set.
pub(super) struct Folders {
    pub train: PathBuf,
    pub validation: Option<PathBuf>,
    pub test: Option<PathBuf>,
}

impl Config {
    /// Finds the folders of samples: `path` itself, or a `train` folder in it, with validation and test
    /// folders next to that.
    pub(super) fn folders(&self, search: &SearchPath) -> Result<Folders> {
        let path = search.resolve(&self.path);
        let mut present = sub_folders(&path)?;
        present.retain(|name| !self.classes.iter().flatten().any(|class| class == name));
        let one = |names: &[&str]| -> Result<Option<PathBuf>> {
            let is_one = |name: &&String| names.contains(&stem(name).as_str());
            let mut found = present.iter().filter(is_one);
            match (found.next(), found.next()) {
                (Some(one), Some(other)) => {
                    let message = format!(
                        "has both `{one}` and `{other}`, which are names for the same split; rename or remove one"
                    );
                    Err(Error::data(&path, message))
                }
                (one, _) => Ok(one.map(|name| path.join(name))),
            }
        };
        let test_path = self.test_path.as_ref().map(|test| search.resolve(test));
        if let Some(train) = one(&TRAIN)? {
            let (validation, test) = (one(&VALIDATION)?, one(&TEST)?);
            if validation.is_some()
                || test.is_some()
                || (present.len() == 1 && !sub_folders(&train)?.is_empty())
            {
                return Ok(Folders { train, validation, test: test_path.or(test) });
            }
        }
        Ok(Folders { train: path, validation: None, test: test_path })
    }
}

/// The name of a folder without such a suffix.
fn stem(name: &str) -> String {
    let name = name.to_ascii_lowercase().replace(['-', ' '], "_");
    let suffix = ["_set", "_images", "_data"].into_iter().find(|suffix| name.ends_with(suffix));
    name[..name.len() - suffix.map_or(0, str::len)].to_owned()
}

/// Refuses the folders `present` in `folder` if they are probably splits, or one folder with all classes.
///
/// # Errors
/// [`Error::Data`] naming them, with the remedy.
pub(super) fn require_classes(folder: &Path, present: &[String]) -> Result<()> {
    let mut within = Vec::with_capacity(present.len());
    for name in present {
        let class = folder.join(name);
        if holds_images(&class)? {
            return Ok(());
        }
        within.push(sub_folders(&class)?);
    }
    if let ([only], [inner]) = (present, &within[..]) {
        if inner.is_empty() {
            return Ok(());
        }
        let message = format!(
            "found only one class, `{only}`, which contains the folders {}; `path` should probably be `{}`",
            names(inner, 20),
            folder.join(only).display()
        );
        return Err(Error::data(folder, message));
    }
    let shared = within.first().map_or(0, |first| {
        first.iter().filter(|name| within[1..].iter().all(|other| other.contains(name))).count()
    });
    let is_part =
        |kinds: &[&str]| present.iter().any(|name| stem(name).split('_').any(|word| kinds.contains(&word)));
    if shared >= 2 || (is_part(&TRAIN) && (is_part(&TEST) || is_part(&VALIDATION))) {
        let example = within.iter().find(|inner| !inner.is_empty());
        let message = format!(
            "the folders {} contain no images, only folders ({}), so they are probably splits, not \
             classes; rename them to `train`, `validation` and `test`, or set `path` and `test_path`; if they \
             are classes, list them in `classes`",
            names(present, 20),
            example.map_or_else(String::new, |inner| names(inner, 20)),
        );
        return Err(Error::data(folder, message));
    }
    Ok(())
}

/// Whether a folder contains images, not counting its subfolders.
fn holds_images(folder: &Path) -> Result<bool> {
    let failed = |error: std::io::Error| Error::data(folder, format!("cannot list the folder: {error}"));
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if !is_rubbish(&entry.file_name()) && is_image(&entry.path()) {
            return Ok(true);
        }
    }
    Ok(false)
}
