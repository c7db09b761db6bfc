//! Images in folders: one sub-folder for each class, as Keras and torchvision expect them.
//!
//! PNG and JPEG files are decoded and resized with a triangle filter (bilinear, without aliasing
//! when made smaller) to one size, whatever their aspect ratio. Names that start with a dot and
//! files next to the class folders are passed over; any other file in a class folder is an error,
//! because an image left out in silence is worse. Samples are ordered by class, then by file name.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::DataConfig;
use crate::config::Problems;
use crate::data::formats::image::read;
use crate::data::{
    Dataset, Facts, Features, Loading, LoadingReport, SearchPath, Splits, Target, Targets, Unit,
};
use crate::error::{Error, Result};
use crate::shape::Shape;

/// `[data.image_folder]`: PNG and JPEG images, sorted into folders by class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The folder that holds the class folders, or a `train` and a `test` folder that do; a relative
    /// path starts at the config file's folder.
    #[schemars(extend("format" = "path"))]
    pub path: PathBuf,
    /// The folder that holds the class folders of test samples. By default `test` within `path`, if
    /// that and `train` are there.
    #[serde(default)]
    #[schemars(extend("format" = "path"))]
    pub test_path: Option<PathBuf>,
    /// The height to which images are resized, in pixels.
    #[schemars(range(min = 1, max = 4096))]
    pub height: usize,
    /// The width to which images are resized, in pixels.
    #[schemars(range(min = 1, max = 4096))]
    pub width: usize,
    /// 3 for red, green and blue, 1 for grey. Transparency is dropped.
    #[serde(default = "three")]
    #[schemars(range(min = 1, max = 3))]
    pub channels: usize,
    /// The class folders to read, in the order of their indices. All by default, sorted by name.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub classes: Option<Vec<String>>,
}

fn three() -> usize {
    3
}

impl DataConfig for Config {
    fn validate(&self, problems: &mut Problems<'_>) {
        if !matches!(self.channels, 1 | 3) {
            problems.key("channels").report(format!("must be 1 or 3, not {}", self.channels));
        }
        for (i, name) in self.classes.iter().flatten().enumerate() {
            let folder = Path::new(name).file_name().is_some_and(|last| last == name.as_str());
            if !folder {
                problems.key("classes").index(i).report("must be the name of a folder");
            } else if self.classes.iter().flatten().take(i).any(|earlier| earlier == name) {
                problems.key("classes").index(i).report(format!("`{name}` is listed twice"));
            }
        }
    }

    fn facts(&self) -> Facts {
        Facts {
            sample_shape: Some([self.channels, self.height, self.width].into()),
            target: self.classes.as_ref().map(|names| Target::Class { classes: names.len() }),
        }
    }

    fn locate(&self, search: &SearchPath) -> Result<String> {
        let Listing { classes, train, test } = self.list(search)?;
        let test = test.map_or(String::new(), |files| format!(" and {} test", files.len()));
        let path = search.resolve(&self.path);
        Ok(format!("{}: {} classes, {} training{test} images", path.display(), classes.len(), train.len()))
    }

    fn load(&self, search: &SearchPath, _seed: u64) -> Result<Splits> {
        let Listing { classes, train, test } = self.list(search)?;
        Ok(Splits {
            train: self.decode_all(&train, &classes, &search.loading)?,
            validation: None,
            columns: None,
            test: test.map(|files| self.decode_all(&files, &classes, &search.loading)).transpose()?,
        })
    }

    fn takes_validation_file(&self) -> bool {
        true
    }

    fn load_validation(&self, folder: &Path, train: &Dataset, search: &SearchPath) -> Result<Dataset> {
        let Targets::Classes { names, .. } = &train.targets else {
            return Err(Error::data(folder, "needs class folders"));
        };
        self.decode_all(&self.list_others(folder, names)?, names, &search.loading)
    }
}

/// An image file and the index of its class.
type Labelled = (PathBuf, u32);

/// What the folders hold.
struct Listing {
    classes: Vec<String>,
    train: Vec<Labelled>,
    test: Option<Vec<Labelled>>,
}

impl Config {
    /// The classes and the files of both splits.
    fn list(&self, search: &SearchPath) -> Result<Listing> {
        let path = search.resolve(&self.path);
        let [train, test] = ["train", "test"].map(|split| path.join(split));
        let (train, test) = match &self.test_path {
            Some(test) => (path, Some(search.resolve(test))),
            None if train.is_dir() && test.is_dir() => (train, Some(test)),
            None => (path, None),
        };
        let present = names(&train)?.into_iter().filter(|name| train.join(name).is_dir());
        let classes = self.classes.clone().unwrap_or_else(|| present.collect());
        if classes.is_empty() {
            return Err(Error::data(train, "has no sub-folder; each class needs one with its images"));
        }
        let mut train_files = Vec::new();
        for (label, class) in (0..).zip(&classes) {
            let before = train_files.len();
            images(&train.join(class), label, &mut train_files)?;
            if train_files.len() == before {
                return Err(Error::data(
                    train.join(class),
                    "has no PNG or JPEG image; remove the folder or fill it",
                ));
            }
        }
        let test = test.map(|test| self.list_others(&test, &classes)).transpose()?;
        Ok(Listing { classes, train: train_files, test })
    }

    /// The files of test or validation samples, in class folders within `folder`.
    fn list_others(&self, folder: &Path, classes: &[String]) -> Result<Vec<Labelled>> {
        let mut files = Vec::new();
        for name in names(folder)?.into_iter().filter(|name| folder.join(name).is_dir()) {
            match (0..).zip(classes).find(|(_, class)| **class == name) {
                Some((label, _)) => images(&folder.join(&name), label, &mut files)?,
                None if self.classes.is_some() => {}
                None => {
                    let message = "this class has no folder of training images";
                    return Err(Error::data(folder.join(name), message));
                }
            }
        }
        if files.is_empty() { Err(Error::data(folder, "has no images of any class")) } else { Ok(files) }
    }

    /// Decodes the files, in parallel and in order. Of several bad files the first is reported.
    fn decode_all(&self, files: &[Labelled], classes: &[String], loading: &Loading) -> Result<Dataset> {
        let sample = self.channels * self.height * self.width;
        let mut pixels = Vec::new();
        let length =
            files.len().checked_mul(sample).filter(|&length| pixels.try_reserve_exact(length).is_ok());
        let Some(length) = length else {
            let message = format!("{} images of {sample} bytes do not fit into memory", files.len());
            return Err(Error::data(&self.path, message));
        };
        pixels.resize(length, 0);
        let (done, total) = (AtomicU64::new(0), files.len() as u64);
        let place = self.path.as_path();
        let decode = |(image, (path, _)): (&mut [u8], &Labelled)| -> Result<()> {
            loading.check()?;
            read(path, [self.channels, self.height, self.width], image)?;
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            loading.report(LoadingReport { place, done, total, unit: Unit::Images })
        };
        // One by one, so that no thread is left with a long piece.
        let images = pixels.par_chunks_exact_mut(sample).zip(files).with_max_len(1);
        let failed = images.find_map_first(|image| decode(image).err());
        match failed {
            Some(error) => Err(error),
            None => Ok(Dataset {
                sample_shape: Shape::from([self.channels, self.height, self.width]),
                features: Features::Bytes(pixels),
                targets: Targets::Classes {
                    labels: files.iter().map(|(_, label)| *label).collect(),
                    names: classes.to_vec(),
                },
            }),
        }
    }
}

/// The names in a folder that do not start with a dot, sorted.
fn names(folder: &Path) -> Result<Vec<String>> {
    let failed = |error: std::io::Error| Error::data(folder, format!("the folder cannot be listed: {error}"));
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        match name.into_string() {
            Ok(name) if name.starts_with('.') => {}
            Ok(name) => names.push(name),
            Err(name) => return Err(Error::data(folder.join(name), "its name is not UTF-8; rename it")),
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Adds the images of a class folder to `files`.
fn images(folder: &Path, label: u32, files: &mut Vec<Labelled>) -> Result<()> {
    for name in names(folder)? {
        let path = folder.join(name);
        let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
        if ["png", "jpg", "jpeg"].iter().all(|known| extension != *known) {
            return Err(Error::data(
                path,
                "neither a PNG nor a JPEG file; convert it or take it out of the class folder",
            ));
        }
        files.push((path, label));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
