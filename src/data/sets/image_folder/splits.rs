//! Which folders hold the splits, and whether folders are classes at all.

use std::path::{Path, PathBuf};

use super::Config;
use super::files::{is_image, is_rubbish, sub_folders};
use crate::data::SearchPath;
use crate::error::{Error, Result};
use crate::wording::names;

/// The names of the folders of training samples, validation samples and test samples, in any case; `_set`,
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
    /// Where the samples are: in class folders in `path`, or in such folders in a `train` folder there, with others
    /// to validate and to test on beside it.
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
                        "has both `{one}` and `{other}`, which would hold the same samples; rename or remove one"
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

/// The name of a folder without what may follow that of a split.
fn stem(name: &str) -> String {
    let name = name.to_ascii_lowercase().replace(['-', ' '], "_");
    let suffix = ["_set", "_images", "_data"].into_iter().find(|suffix| name.ends_with(suffix));
    name[..name.len() - suffix.map_or(0, str::len)].to_owned()
}

/// Refuses the folders `present` in `folder` where they are rather splits, or a folder that holds all classes.
///
/// # Errors
/// [`Error::Data`] naming them, with what to do.
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
            "only one class, `{only}`, was found, a folder with the folders {}; `path` should probably be `{}`",
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
            "the folders {} hold no images themselves, only folders ({}), so they are probably splits and not \
             classes; rename them to `train`, `validation` and `test`, or set `path` and `test_path`; if they \
             are classes, list them in `classes`",
            names(present, 20),
            example.map_or_else(String::new, |inner| names(inner, 20)),
        );
        return Err(Error::data(folder, message));
    }
    Ok(())
}

/// Whether there are images in a folder, beside those in the folders within it.
fn holds_images(folder: &Path) -> Result<bool> {
    let failed = |error: std::io::Error| Error::data(folder, format!("the folder cannot be listed: {error}"));
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if !is_rubbish(&entry.file_name()) && is_image(&entry.path()) {
            return Ok(true);
        }
    }
    Ok(false)
}
