//! Images in folders: one subfolder per class, as in Keras and torchvision.
//!
//! PNG and JPEG files are decoded and resized to one size with a triangle filter (bilinear, antialiased when
//! shrinking), regardless of their aspect ratio, on all threads. Images in subfolders of a class folder
//! belong to that class. Files of operating systems (`.DS_Store`, `Thumbs.db`, `__MACOSX`) and files next to
//! the class folders are skipped silently; other files in a class folder that are neither PNG nor JPEG are
//! skipped with a warning. Samples are ordered by class, then by file name, with those in subfolders last.

mod ahead;
mod cache;
mod files;
mod images;
mod listing;
mod splits;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{DataConfig, SampleFiles};
use crate::config::Problems;
use crate::data::formats::image::read;
use crate::data::{
    Dataset, Facts, Features, Loading, LoadingReport, SearchPath, Source, Splits, Surveyed, Target, Targets,
    Unit,
};
use crate::error::{Error, Result};
use crate::shape::Shape;
use crate::wording::counted;
use files::Found;
use images::{Images, MOST_KEPT};
use listing::Listing;

/// `[data.image_folder]`: PNG and JPEG images, sorted into folders by class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The folder with one subfolder per class. Instead of these, it may contain a folder `train` with the class
    /// folders and, next to that, `validation` (or `valid`, `val`), `test` or both, with the same classes. The names
    /// `training` and `testing`, the suffixes `_set`, `_images` and `_data`, and capitals are accepted as well. A
    /// relative path is resolved against the config file's folder.
    #[schemars(extend("format" = "path"))]
    pub path: PathBuf,
    /// The folder with the class folders of test samples. By default `test` in `path`, if that and `train`
    /// exist.
    #[serde(default)]
    #[schemars(extend("format" = "path"))]
    pub test_path: Option<PathBuf>,
    /// The height to which images are resized, in pixels.
    #[schemars(range(min = 1, max = 4096))]
    pub height: usize,
    /// The width to which images are resized, in pixels.
    #[schemars(range(min = 1, max = 4096))]
    pub width: usize,
    /// 3 for red, green and blue, 1 for gray (0.299 red + 0.587 green + 0.114 blue). Transparency is dropped.
    #[serde(default = "three")]
    #[schemars(range(min = 1, max = 3))]
    pub channels: usize,
    /// The class folders to read, in index order; they may be empty or missing. By default all, sorted by
    /// name, none of which may be empty.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub classes: Option<Vec<String>>,
    /// A folder in which decoded images are kept, so that later epochs and runs read them from there; it is created, and may
    /// be removed at any time. Without it, images are decoded again in each epoch, except those that fit in 256 MiB of
    /// memory together. A relative path is resolved against the config file's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub cache: Option<PathBuf>,
}

/// The most bytes of files that are decoded before the first step; this takes less than half a second.
const SMALL: u64 = 1 << 24;
/// Bytes allocated at once: zeroing gigabytes takes seconds.
const ROOM: usize = 1 << 28;

fn three() -> usize {
    3
}

impl DataConfig for Config {
    fn validate(&self, problems: &mut Problems<'_>) {
        if !matches!(self.channels, 1 | 3) {
            problems.key("channels").report(format!("must be 1 or 3, not {}", self.channels));
        }
        let mut seen = HashSet::new();
        for (i, name) in self.classes.iter().flatten().enumerate() {
            let folder = Path::new(name).file_name().is_some_and(|last| last == name.as_str());
            if !folder {
                problems.key("classes").index(i).report("must be the name of a folder");
            } else if !seen.insert(name) {
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
        let listing = self.list(search)?;
        let counts: Vec<String> =
            listing.splits().map(|(name, found)| format!("{} {name}", found.images.len())).collect();
        let counts = match counts.split_last() {
            Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
            _ => counts.concat(),
        };
        let path = search.resolve(&self.path);
        Ok(format!("{}: {}, {counts} images", path.display(), counted(listing.classes.len(), "class")))
    }

    fn survey(&self, _outputs: Option<usize>, search: &SearchPath) -> Result<Surveyed> {
        let Listing { classes, train, .. } = self.list(search)?;
        let target = Some(Target::Class { classes: classes.len() });
        let samples = Some(train.images.len());
        Ok(Surveyed { facts: Facts { target, ..self.facts() }, classes, samples })
    }

    fn load(&self, search: &SearchPath, _seed: u64) -> Result<Splits> {
        let listing = self.list(search)?;
        for (_, found) in listing.splits() {
            found.warn();
        }
        let Listing { classes, train, validation, test } = listing;
        let decode = |found: Found| self.dataset(found, &classes, search);
        Ok(Splits {
            train: decode(train)?,
            validation: validation.map(decode).transpose()?,
            columns: None,
            test: test.map(decode).transpose()?,
        })
    }

    fn sample_files(&self, search: &SearchPath) -> Result<SampleFiles> {
        let Listing { train, validation, test, .. } = self.list(search)?;
        let paths = |found: Found| found.images.into_iter().map(|(path, _)| path).collect();
        Ok(SampleFiles {
            train: Some(paths(train)),
            validation: validation.map(paths),
            test: test.map(paths),
        })
    }

    fn may_validate(&self) -> bool {
        true
    }

    fn validation_samples(&self) -> String {
        let names = splits::VALIDATION.map(|name| format!("`{name}`")).join(" or ");
        format!("a folder {names} in `{}`", self.path.display())
    }

    fn validates_on(&self, file: &Path, search: &SearchPath) -> bool {
        let own = self.folders(search).ok().and_then(|folders| folders.validation);
        own.is_some_and(|own| matches!((own.canonicalize(), file.canonicalize()), (Ok(a), Ok(b)) if a == b))
    }

    fn takes_validation_file(&self) -> bool {
        true
    }

    fn load_validation(&self, folder: &Path, splits: &Splits, search: &SearchPath) -> Result<Dataset> {
        let Targets::Classes { names, .. } = &splits.train.targets else {
            return Err(Error::data(folder, "has no class folders"));
        };
        let found = self.list_others(folder, names, search)?;
        found.warn();
        self.dataset(found, names, search)
    }
}

impl Config {
    /// The images found. Few of them are decoded at once, so that a damaged one is reported before training
    /// begins, the others when batches need them.
    fn dataset(&self, found: Found, classes: &[String], search: &SearchPath) -> Result<Dataset> {
        let (files, labels): (Vec<PathBuf>, Vec<u32>) = found.images.into_iter().unzip();
        let loading = &search.loading;
        let sizes = [self.channels, self.height, self.width];
        let pixels = (files.len() as u64).saturating_mul(sizes.iter().product::<usize>() as u64);
        let bytes: u64 = images::lengths(&files, loading)?.iter().sum();
        let features = if bytes <= SMALL && pixels <= MOST_KEPT {
            Features::Bytes(self.decode_all(&files, loading)?).into()
        } else {
            let folder = search.resolve(&self.path);
            let cache = self.cache.as_ref().map(|cache| search.resolve(cache));
            Source::Bytes(Arc::new(Images::new(&folder, files, sizes, cache.as_deref(), loading)?))
        };
        let targets = Targets::Classes { labels, names: classes.to_vec() };
        Ok(Dataset { sample_shape: Shape::from(sizes), features, targets })
    }

    /// Decodes the files in parallel, keeping their order. Of several bad files, the first is reported.
    fn decode_all(&self, files: &[PathBuf], loading: &Loading) -> Result<Vec<u8>> {
        let sample = self.channels * self.height * self.width;
        let mut pixels = Vec::new();
        let length =
            files.len().checked_mul(sample).filter(|&length| pixels.try_reserve_exact(length).is_ok());
        let Some(length) = length else {
            let message = format!("{} images of {sample} bytes do not fit in memory", files.len());
            return Err(Error::data(&self.path, message));
        };
        while pixels.len() < length {
            loading.check()?;
            pixels.resize(length.min(pixels.len() + ROOM), 0);
        }
        let (done, total) = (AtomicU64::new(0), files.len() as u64);
        let place = self.path.as_path();
        let decode = |(image, path): (&mut [u8], &PathBuf)| -> Result<()> {
            loading.check()?;
            read(path, [self.channels, self.height, self.width], image)?;
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            loading.report(LoadingReport { place, done, total, unit: Unit::Samples })
        };
        // In pieces of one, so that no thread is left with a long piece.
        let images = pixels.par_chunks_exact_mut(sample).zip(files).with_max_len(1);
        let failed = images.find_map_first(|image| decode(image).err());
        failed.map_or(Ok(pixels), Err)
    }
}

#[cfg(test)]
mod tests;
