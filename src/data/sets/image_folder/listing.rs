//! Lists the images of all splits and their classes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::Config;
use super::files::{Found, sub_folders};
use super::splits::require_classes;
use crate::data::SearchPath;
use crate::error::{Error, Result};
use crate::wording::names;

/// The contents of the folders.
pub(super) struct Listing {
    /// The names of the classes.
    pub classes: Vec<String>,
    pub train: Found,
    pub validation: Option<Found>,
    pub test: Option<Found>,
}

impl Listing {
    /// The splits that exist, by name.
    pub fn splits(&self) -> impl Iterator<Item = (&'static str, &Found)> {
        let others = [("validation", self.validation.as_ref()), ("test", self.test.as_ref())];
        let others = others.into_iter().filter_map(|(name, found)| Some((name, found?)));
        std::iter::once(("training", &self.train)).chain(others)
    }
}

impl Config {
    /// Lists the classes and the files of all splits.
    pub(super) fn list(&self, search: &SearchPath) -> Result<Listing> {
        let folders = self.folders(search)?;
        let folder = &folders.train;
        let present = sub_folders(folder)?;
        let classes = match &self.classes {
            Some(classes) => classes.clone(),
            None if present.is_empty() => {
                return Err(Error::data(folder, "has no subfolder; each class needs one with its images"));
            }
            None => {
                require_classes(folder, &present)?;
                present.clone()
            }
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
                        "has no PNG or JPEG image{}; add images, remove the folder, or list all classes in `classes`",
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
                format!("has no image of any class in `classes`; its subfolders are {}", names(&present, 20));
            return Err(Error::data(folder, message));
        }
        let others = |folder: &Option<PathBuf>| {
            folder.as_ref().map(|folder| self.list_others(folder, &classes, search)).transpose()
        };
        let (validation, test) = (others(&folders.validation)?, others(&folders.test)?);
        Ok(Listing { classes, train, validation, test })
    }

    /// The test or validation files, in class folders within `folder`.
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
                    let message = "there is no such class among the training images";
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
}
