//! Which images the folders hold, and of which classes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::Config;
use super::files::{Found, is_rubbish};
use crate::data::SearchPath;
use crate::error::{Error, Result};

/// What the folders of training samples, validation samples and test samples may be called.
const TRAIN: &[&str] = &["train", "training"];
pub(super) const VALIDATION: [&str; 3] = ["validation", "valid", "val"];
const TEST: &[&str] = &["test", "testing"];

/// The folders of one data set.
pub(super) struct Folders {
    pub train: PathBuf,
    pub validation: Option<PathBuf>,
    pub test: Option<PathBuf>,
}

/// What the folders hold.
pub(super) struct Listing {
    /// The names of the classes.
    pub classes: Vec<String>,
    pub train: Found,
    pub validation: Option<Found>,
    pub test: Option<Found>,
}

impl Listing {
    /// The splits that there are, by name.
    pub fn splits(&self) -> impl Iterator<Item = (&'static str, &Found)> {
        let others = [("validation", self.validation.as_ref()), ("test", self.test.as_ref())];
        let others = others.into_iter().filter_map(|(name, found)| Some((name, found?)));
        std::iter::once(("training", &self.train)).chain(others)
    }
}

impl Config {
    /// The classes and the files of all splits.
    pub(super) fn list(&self, search: &SearchPath) -> Result<Listing> {
        let folders = self.folders(search)?;
        let folder = &folders.train;
        let present = sub_folders(folder)?;
        let classes = match &self.classes {
            Some(classes) => classes.clone(),
            None if present.is_empty() => {
                return Err(Error::data(folder, "has no sub-folder; each class needs one with its images"));
            }
            None => present.clone(),
        };
        let mut train = Found::default();
        for (label, class) in (0..).zip(&classes) {
            let place = folder.join(class);
            let may_be_empty = self.classes.is_some();
            let mut found = Found::default();
            if !may_be_empty || place.is_dir() {
                found.add_class(&place, label, &search.loading)?;
            }
            if found.images.is_empty() {
                if !may_be_empty {
                    let message = format!(
                        "has no PNG or JPEG image{}; fill the folder or remove it, or list all classes in `classes`",
                        found.but_others()
                    );
                    return Err(Error::data(place, message));
                }
                found.empty.push(class.clone());
            }
            train.append(found);
        }
        if train.images.is_empty() {
            let message =
                format!("has no image of any class in `classes`; its sub-folders are {}", shown(&present));
            return Err(Error::data(folder, message));
        }
        let others = |folder: &Option<PathBuf>| {
            folder.as_ref().map(|folder| self.list_others(folder, &classes, search)).transpose()
        };
        let (validation, test) = (others(&folders.validation)?, others(&folders.test)?);
        Ok(Listing { classes, train, validation, test })
    }

    /// The files of test or validation samples, in class folders within `folder`.
    pub(super) fn list_others(
        &self,
        folder: &Path,
        classes: &[String],
        search: &SearchPath,
    ) -> Result<Found> {
        let labels: HashMap<&str, u32> = classes.iter().map(String::as_str).zip(0..).collect();
        let mut found = Found::default();
        for name in sub_folders(folder)? {
            match labels.get(name.as_str()) {
                Some(&label) => found.add_class(&folder.join(&name), label, &search.loading)?,
                None if self.classes.is_some() => {}
                None => {
                    let message = "this class has no folder of training images";
                    return Err(Error::data(folder.join(name), message));
                }
            }
        }
        if found.images.is_empty() {
            let message = format!("has no images of any class{}", found.but_others());
            return Err(Error::data(folder, message));
        }
        Ok(found)
    }

    /// Where the samples are: in class folders in `path`, or in such folders in a `train` folder there, with others
    /// to validate and to test on beside it.
    pub(super) fn folders(&self, search: &SearchPath) -> Result<Folders> {
        let path = search.resolve(&self.path);
        let mut present = sub_folders(&path)?;
        present.retain(|name| !self.classes.iter().flatten().any(|class| class == name));
        let one = |names: &[&str]| -> Result<Option<PathBuf>> {
            let is_one = |name: &&String| names.iter().any(|known| name.eq_ignore_ascii_case(known));
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
        if let Some(train) = one(TRAIN)? {
            let (validation, test) = (one(&VALIDATION)?, one(TEST)?);
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

/// The names of the folders in a folder, sorted, without those of operating systems.
fn sub_folders(folder: &Path) -> Result<Vec<String>> {
    let failed = |error: std::io::Error| Error::data(folder, format!("the folder cannot be listed: {error}"));
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let path = folder.join(&name);
        if is_rubbish(&name) || !path.is_dir() {
            continue;
        }
        match name.into_string() {
            Ok(name) => names.push(name),
            Err(_) => return Err(Error::data(path, "its name is not UTF-8; rename it")),
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Some of the names, for messages.
fn shown(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        names if names.len() > 20 => format!("{}, …", names[..20].join(", ")),
        names => names.join(", "),
    }
}
