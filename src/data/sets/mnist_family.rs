//! MNIST and the data sets of the same format: four IDX files of 28x28 pixels.

mod files;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::DataConfig;
use super::classes::{Classes, outside};
use crate::config::Problems;
use crate::data::fetch::sources::Source;
use crate::data::formats::idx;
use crate::data::hub::Split;
use crate::data::{Dataset, Facts, Features, SearchPath, Splits, Target, Targets};
use crate::error::{Error, Result};
use crate::shape::Shape;
use files::{FILES, find};

/// The side of every image.
const SIDE: usize = 28;
const CLASSES: usize = 10;
/// Ten times the images of a real file.
const MOST_SAMPLES: usize = 600_000;
/// The options of `[data.mnist]`, `[data.fashion_mnist]` and `[data.kmnist]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Use only the first N training samples, for quick runs; all by default.
    #[schemars(range(min = 1))]
    pub train_samples: Option<usize>,
    /// Use only the first N test samples, for quick runs; all by default.
    #[schemars(range(min = 1))]
    pub test_samples: Option<usize>,
    /// For files of the same format with other classes, such as letters: the number of classes, or their names in the
    /// order of the labels.
    pub classes: Option<Classes>,
}

impl Options {
    fn names(&self, profile: &Profile) -> Vec<String> {
        let own = || profile.classes.map(str::to_owned).to_vec();
        self.classes.as_ref().map_or_else(own, Classes::names)
    }
}

/// A data set of this format.
#[derive(Debug)]
pub struct Profile {
    /// The config key, and the files.
    pub source: &'static Source,
    /// The names of its classes.
    pub classes: [&'static str; CLASSES],
    /// Subfolders that may hold the files, for [`SearchPath::places`].
    pub subfolders: &'static [&'static str],
}

/// The config of a data set of this format.
pub trait Member {
    /// The properties of this data set.
    const PROFILE: Profile;

    /// The user's options.
    fn options(&self) -> &Options;
}

impl<M: Member> DataConfig for M {
    fn validate(&self, problems: &mut Problems<'_>) {
        if let Some(classes) = &self.options().classes {
            classes.validate(&mut problems.key("classes"));
        }
    }

    fn facts(&self) -> Facts {
        let classes = self.options().classes.as_ref().map_or(CLASSES, Classes::count);
        Facts { sample_shape: Some([1, SIDE, SIDE].into()), target: Some(Target::Class { classes }) }
    }

    fn locate(&self, search: &SearchPath) -> Result<String> {
        let profile = &Self::PROFILE;
        match find(profile, search) {
            Ok(files) => {
                let folder = files[0][0][0].parent().unwrap_or(Path::new("."));
                Ok(folder.display().to_string())
            }
            Err(_) if search.can_fetch() => Ok(SearchPath::PENDING.to_owned()),
            Err(error) => Err(error),
        }
    }

    fn samples(&self, search: &SearchPath) -> Option<usize> {
        let [[_, labels], _] = find(&Self::PROFILE, search).ok()?;
        let (_, ([samples], _)) = files::first(&labels, |path| idx::read(path, |_| Ok(()))).ok()?;
        Some(self.options().train_samples.unwrap_or(samples).min(samples))
    }

    fn load(&self, search: &SearchPath, _seed: u64) -> Result<Splits> {
        let profile = &Self::PROFILE;
        let [train, test] = match find(profile, search) {
            Err(_) if search.can_fetch() => {
                search.fetch(profile.source, save)?;
                find(profile, search)?
            }
            found => found?,
        };
        let options = self.options();
        Ok(Splits {
            train: read(&train, options.names(profile), options.train_samples)?,
            validation: None,
            columns: None,
            test: Some(read(&test, options.names(profile), options.test_samples)?),
        })
    }
}

/// Writes the four files into `folder`.
fn save(splits: [Split; 2], folder: &Path) -> Result<()> {
    for (split, [images, labels]) in splits.into_iter().zip(FILES) {
        idx::write(&folder.join(images), [split.labels.len(), SIDE, SIDE], &split.pixels)?;
        idx::write(&folder.join(labels), [split.labels.len()], &split.labels)?;
    }
    Ok(())
}

/// Reads images and labels and checks that they match each other and the classes `names`.
fn read([images, labels]: &[Vec<PathBuf>; 2], names: Vec<String>, limit: Option<usize>) -> Result<Dataset> {
    let (images, ([samples, _, _], mut pixels)) = files::first(images, |path| {
        idx::read(path, |&[samples, height, width]| {
            if [height, width] != [SIDE, SIDE] {
                Err(format!("its images are {height} x {width}, not {SIDE} x {SIDE}"))
            } else if samples > MOST_SAMPLES {
                Err(format!("claims {samples} images; at most {MOST_SAMPLES} are read"))
            } else {
                Ok(())
            }
        })
    })?;
    let (labels, (_, mut classes)) = files::first(labels, |path| {
        idx::read(path, |&[count]| {
            let message = || format!("{count} labels for the {samples} images of {}", images.display());
            if count == samples { Ok(()) } else { Err(message()) }
        })
    })?;
    let count = names.len();
    let wrong = outside(&classes, count, |needed| {
        format!("or set `classes` to {needed}, where there are {count} (labels 0 to {})", count - 1)
    });
    if let Some(wrong) = wrong {
        return Err(Error::data(labels, wrong));
    }
    let kept = limit.unwrap_or(samples).min(samples);
    classes.truncate(kept);
    pixels.truncate(kept * SIDE * SIDE);
    Ok(Dataset {
        sample_shape: Shape::from([1, SIDE, SIDE]),
        features: Features::Bytes(pixels).into(),
        targets: Targets::Classes { labels: classes.into_iter().map(u32::from).collect(), names },
    })
}

#[cfg(test)]
mod tests {
    use super::super::{fashion_mnist, mnist};
    use super::*;

    /// A folder with `mnist/` in it: three training samples and two test samples.
    fn family() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join("mnist").join(name);
        for ([images, labels], classes) in FILES.iter().zip([&[1, 2, 9][..], &[0, 3]]) {
            let pixels: Vec<u8> = classes.iter().flat_map(|class| [*class; SIDE * SIDE]).collect();
            idx::write(&file(images), [classes.len(), SIDE, SIDE], &pixels).unwrap();
            idx::write(&file(labels), [classes.len()], classes).unwrap();
        }
        folder
    }

    fn load(source: &dyn DataConfig, folder: &Path) -> Result<Splits> {
        let search = SearchPath { folders: vec![folder.to_path_buf()], ..SearchPath::default() };
        source.load(&search, 0)
    }

    #[test]
    fn reads_both_splits_and_limits_them() {
        let folder = family();
        let limited = mnist::Config(Options { train_samples: Some(2), ..Options::default() });
        for source in [mnist::Config::default(), limited] {
            let splits = load(&source, folder.path()).unwrap();
            let kept = source.0.train_samples.unwrap_or(3);
            let pixels = [[1; 784], [2; 784], [9; 784]].concat();
            assert_eq!(splits.train.features, Features::Bytes(pixels[..784 * kept].to_vec()));
            assert_eq!(splits.test.unwrap().len(), 2);
        }
        // The folder itself may be given too, but not for another of the family.
        load(&mnist::Config::default(), &folder.path().join("mnist")).unwrap();
        load(&fashion_mnist::Config::default(), &folder.path().join("mnist")).unwrap_err();
    }

    #[test]
    fn says_how_to_get_what_is_missing() {
        let folder = family();
        std::fs::remove_file(folder.path().join("mnist").join(FILES[1][0])).unwrap();
        let message = load(&mnist::Config::default(), folder.path()).unwrap_err().to_string();
        for part in ["t10k-images-idx3-ubyte", ".gz", "--data-dir", "TAPER_DATA_DIR", "/mnist", "https://"] {
            assert!(message.contains(part), "{message}");
        }
        let fetches = cfg!(any(feature = "fetch", feature = "hub"));
        assert_eq!(message.contains("taper data fetch mnist"), fetches);
    }

    #[test]
    fn rejects_files_that_do_not_fit_together() {
        let broken = |name: &str, sizes: &[usize], bytes: &[u8]| {
            let folder = family();
            let path = folder.path().join("mnist").join(name);
            match *sizes {
                [a, b, c] => idx::write(&path, [a, b, c], bytes).unwrap(),
                _ => idx::write(&path, [sizes[0]], bytes).unwrap(),
            }
            let error = load(&mnist::Config::default(), folder.path()).unwrap_err();
            assert_eq!(error.exit_code(), 3);
            error.to_string()
        };
        assert!(broken(FILES[0][1], &[2], &[1, 2]).contains("2 labels for the 3 images"));
        assert!(
            broken(FILES[0][1], &[3], &[1, 2, 10]).contains("the labels are 1 to 10: no sample has label 0")
        );
        assert!(broken(FILES[1][0], &[2, 28, 27], &[0; 2 * 28 * 27]).contains("28 x 27"));
        assert!(broken(FILES[1][0], &[2], &[0; 2]).contains("images are bytes in 3"));
    }

    #[test]
    fn reads_the_real_mnist() {
        let Some(folder) = std::env::var_os("TAPER_DATA_DIR") else {
            eprintln!("skipped: TAPER_DATA_DIR is not set");
            return;
        };
        let splits = match load(&mnist::Config::default(), Path::new(&folder)) {
            Ok(splits) => splits,
            Err(error) => {
                eprintln!("skipped: {error}");
                return;
            }
        };
        let test = splits.test.unwrap();
        assert_eq!((splits.train.len(), test.len()), (60_000, 10_000));
        let Targets::Classes { labels, .. } = &splits.train.targets else { panic!() };
        assert_eq!(labels[..10], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
        let Some(Features::Bytes(pixels)) = splits.train.features.memory() else { panic!() };
        let mean = pixels.iter().map(|pixel| f64::from(*pixel)).sum::<f64>() / pixels.len() as f64 / 255.0;
        assert!((mean - 0.1307).abs() < 1e-4, "{mean}");
    }
}
