//! What MNIST and the data sets made in its image have in common: four IDX files of 28x28 pixels.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::DataConfig;
use crate::config::Problems;
use crate::data::formats::idx;
use crate::data::hub;
use crate::data::{Dataset, Facts, Features, SearchPath, Splits, Target, Targets};
use crate::error::{Error, Result};
use crate::shape::Shape;

/// The side of every image.
const SIDE: usize = 28;
const CLASSES: usize = 10;
/// Ten times the images of a real file.
const MOST_SAMPLES: usize = 600_000;
/// Images and labels of the training samples, then of the test samples.
const FILES: [[&str; 2]; 2] = [
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"],
    ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"],
];

/// The options of `[data.mnist]`, `[data.fashion_mnist]` and `[data.kmnist]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Use only so many training samples, the first ones; for quick runs. All by default.
    #[schemars(range(min = 1))]
    pub train_samples: Option<usize>,
    /// Use only so many test samples, the first ones; for quick runs. All by default.
    #[schemars(range(min = 1))]
    pub test_samples: Option<usize>,
}

/// One of the family.
#[derive(Debug)]
pub struct Profile {
    /// Its key in the config and its folder's name.
    pub name: &'static str,
    /// Where to get it from, in words.
    pub home: &'static str,
    /// The names of its classes.
    pub classes: [&'static str; CLASSES],
    /// Where its files may be, as [`SearchPath::places`] takes it.
    pub subfolders: &'static [&'static str],
    /// How to fetch it, where the hub has it.
    pub hub: Option<hub::Set>,
}

/// A config of the family; all else follows.
pub trait Member {
    /// What tells this data set from the others.
    const PROFILE: Profile;

    /// What the user has set.
    fn options(&self) -> &Options;
}

impl<M: Member> DataConfig for M {
    fn validate(&self, _problems: &mut Problems<'_>) {}

    fn facts(&self) -> Facts {
        Facts { sample_shape: Some([1, SIDE, SIDE].into()), target: Some(Target::Class { classes: CLASSES }) }
    }

    fn locate(&self, search: &SearchPath) -> Result<String> {
        let profile = &Self::PROFILE;
        match find(profile, search) {
            Ok(files) => {
                let folder = files[0][0].parent().unwrap_or(Path::new("."));
                Ok(folder.display().to_string())
            }
            Err(_) if profile.hub.is_some() && search.can_fetch() => Ok(hub::PENDING.to_owned()),
            Err(error) => Err(error),
        }
    }

    fn load(&self, search: &SearchPath, _seed: u64) -> Result<Splits> {
        let profile = &Self::PROFILE;
        let [train, test] = match (find(profile, search), profile.hub) {
            (Ok(files), _) => files,
            (Err(missing), Some(set)) if search.can_fetch() => {
                let folder = search.folders[0].join(profile.name);
                fetch(set, &folder).map_err(|failed| missing.after(&failed))?;
                find(profile, search)?
            }
            (Err(error), _) => return Err(error),
        };
        let options = self.options();
        Ok(Splits {
            train: read(&train, profile, options.train_samples)?,
            validation: None,
            columns: None,
            test: Some(read(&test, profile, options.test_samples)?),
        })
    }
}

/// The four files, all from the first folder that has them all.
fn find(profile: &Profile, search: &SearchPath) -> Result<[[PathBuf; 2]; 2]> {
    let places = search.places(profile.subfolders);
    for folder in &places {
        let [[a, b], [c, d]] = FILES.map(|pair| pair.map(|name| existing(folder, name)));
        if let (Some(a), Some(b), Some(c), Some(d)) = (a, b, c, d) {
            return Ok([[a, b], [c, d]]);
        }
    }
    let files = format!("{} (plain or with .gz)", FILES.concat().join(", "));
    Err(SearchPath::missing(profile.name, &files, &places, profile.home, profile.hub.is_some()))
}

fn existing(folder: &Path, name: &str) -> Option<PathBuf> {
    [folder.join(name), folder.join(format!("{name}.gz"))].into_iter().find(|file| file.exists())
}

/// Puts the four files into `folder`.
fn fetch(set: hub::Set, folder: &Path) -> Result<()> {
    for (split, [images, labels]) in hub::fetch(set)?.into_iter().zip(FILES) {
        idx::write(&folder.join(images), [split.labels.len(), SIDE, SIDE], &split.pixels)?;
        idx::write(&folder.join(labels), [split.labels.len()], &split.labels)?;
    }
    Ok(())
}

/// Reads images and labels; they must fit together and the profile.
fn read([images, labels]: &[PathBuf; 2], profile: &Profile, limit: Option<usize>) -> Result<Dataset> {
    let ([samples, _, _], mut pixels) = idx::read(images, |&[samples, height, width]| {
        if [height, width] != [SIDE, SIDE] {
            Err(format!("its images are {height} x {width}, not {SIDE} x {SIDE}"))
        } else if samples > MOST_SAMPLES {
            Err(format!("claims {samples} images; at most {MOST_SAMPLES} are read"))
        } else {
            Ok(())
        }
    })?;
    let (_, mut classes) = idx::read(labels, |&[count]| {
        let message = || format!("{count} labels for the {samples} images of {}", images.display());
        if count == samples { Ok(()) } else { Err(message()) }
    })?;
    if let Some(wrong) = classes.iter().position(|&label| usize::from(label) >= CLASSES) {
        let label = classes[wrong];
        return Err(Error::data(
            labels,
            format!("label {label} of sample {wrong}; labels are 0 to {}", CLASSES - 1),
        ));
    }
    let kept = limit.unwrap_or(samples).min(samples);
    classes.truncate(kept);
    pixels.truncate(kept * SIDE * SIDE);
    Ok(Dataset {
        sample_shape: Shape::from([1, SIDE, SIDE]),
        features: Features::Bytes(pixels),
        targets: Targets::Classes {
            labels: classes.into_iter().map(u32::from).collect(),
            names: profile.classes.map(str::to_owned).to_vec(),
        },
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
        for part in ["t10k-images-idx3-ubyte", ".gz", "--data-dir", "TAPER_DATA_DIR", "/mnist", "Yann LeCun"]
        {
            assert!(message.contains(part), "{message}");
        }
        assert_eq!(message.contains("taper data fetch mnist"), hub::AVAILABLE);
        assert!(!message.contains("http"));
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
        assert!(broken(FILES[0][1], &[3], &[1, 2, 10]).contains("label 10 of sample 2"));
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
        let Features::Bytes(pixels) = &splits.train.features else { panic!() };
        let mean = pixels.iter().map(|pixel| f64::from(*pixel)).sum::<f64>() / pixels.len() as f64 / 255.0;
        assert!((mean - 0.1307).abs() < 1e-4, "{mean}");
    }
}
