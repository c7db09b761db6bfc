//! CIFAR-10: 60,000 color photographs of 32x32 pixels in ten classes (Krizhevsky, 2009).
//!
//! Read from the binary version: records of one label byte and 3 x 32 x 32 bytes (channels, rows,
//! columns), 10,000 in each of five training files and one test file.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::DataConfig;
use crate::config::Problems;
use crate::data::fetch::sources;
use crate::data::hub::Split;
use crate::data::{Dataset, Facts, Features, Loading, SearchPath, Splits, Target, Targets};
use crate::durable::write_file;
use crate::error::{Error, Result};
use crate::files;
use crate::shape::Shape;

const SHAPE: [usize; 3] = [3, 32, 32];
const PIXELS: usize = 3 * 32 * 32;
const RECORD: usize = 1 + PIXELS;
const CLASSES: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
const TRAIN_FILES: [&str; 5] =
    ["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"];
const TEST_FILE: &str = "test_batch.bin";
/// The archive unpacks into the second of these; the third is the archive unpacked into the first.
const SUBFOLDERS: [&str; 3] = ["cifar10", "cifar-10-batches-bin", "cifar10/cifar-10-batches-bin"];
/// Ten times the records of a real file.
const LARGEST_FILE: u64 = 100_000 * RECORD as u64;

/// `[data.cifar10]`: small photographs, 50,000 to train and 10,000 to test on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Use only the first N training samples, for quick runs; all by default.
    #[schemars(range(min = 1))]
    pub train_samples: Option<usize>,
    /// Use only the first N test samples, for quick runs; all by default.
    #[schemars(range(min = 1))]
    pub test_samples: Option<usize>,
}

impl DataConfig for Config {
    fn validate(&self, _problems: &mut Problems<'_>) {}

    fn facts(&self) -> Facts {
        Facts { sample_shape: Some(SHAPE.into()), target: Some(Target::Class { classes: CLASSES.len() }) }
    }

    fn locate(&self, search: &SearchPath) -> Result<String> {
        match find(search) {
            Ok(folder) => Ok(folder.display().to_string()),
            Err(_) if search.can_fetch() => Ok(SearchPath::PENDING.to_owned()),
            Err(error) => Err(error),
        }
    }

    fn samples(&self, search: &SearchPath) -> Option<usize> {
        let folder = find(search).ok()?;
        let length = |name: &&str| Some(folder.join(name).metadata().ok()?.len() as usize / RECORD);
        let samples = TRAIN_FILES.iter().map(length).sum::<Option<usize>>()?;
        Some(self.train_samples.unwrap_or(samples).min(samples))
    }

    fn load(&self, search: &SearchPath, _seed: u64) -> Result<Splits> {
        let folder = match find(search) {
            Err(_) if search.can_fetch() => {
                search.fetch(&sources::CIFAR10, |splits, folder| save(&splits, folder))?;
                find(search)?
            }
            found => found?,
        };
        let train: Vec<PathBuf> = TRAIN_FILES.iter().map(|name| folder.join(name)).collect();
        Ok(Splits {
            train: read(&train, self.train_samples, &search.loading)?,
            validation: None,
            columns: None,
            test: Some(read(&[folder.join(TEST_FILE)], self.test_samples, &search.loading)?),
        })
    }
}

/// The first folder that has all six files.
fn find(search: &SearchPath) -> Result<PathBuf> {
    let places = search.places(&SUBFOLDERS);
    let complete =
        |folder: &&PathBuf| TRAIN_FILES.iter().chain([&TEST_FILE]).all(|name| folder.join(name).exists());
    places.iter().find(complete).cloned().ok_or_else(|| {
        let files = format!("{}, {TEST_FILE}", TRAIN_FILES.join(", "));
        SearchPath::missing(&sources::CIFAR10, &files, &places)
    })
}

/// Writes fetched samples in the format of the original files.
fn save([train, test]: &[Split; 2], folder: &Path) -> Result<()> {
    let per_file = train.labels.len().div_ceil(TRAIN_FILES.len()).max(1);
    let pieces = train.labels.chunks(per_file).zip(train.pixels.chunks(per_file * PIXELS));
    let files = TRAIN_FILES.into_iter().zip(pieces).chain([(TEST_FILE, (&*test.labels, &*test.pixels))]);
    for (name, (labels, pixels)) in files {
        let records = labels.iter().zip(pixels.chunks_exact(PIXELS));
        let content: Vec<u8> =
            records.flat_map(|(label, pixels)| std::iter::once(label).chain(pixels)).copied().collect();
        write_file(&folder.join(name), &content)?;
    }
    Ok(())
}

/// Reads the first `limit` records of the files, in order.
fn read(files: &[PathBuf], limit: Option<usize>, loading: &Loading) -> Result<Dataset> {
    let limit = limit.unwrap_or(usize::MAX);
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for path in files {
        let (file, length) = loading.open(path)?;
        let content = files::read_all(path, file, length, LARGEST_FILE)?;
        for (label, image) in records(path, &content)?.take(limit - labels.len()) {
            labels.push(label);
            pixels.extend_from_slice(image);
        }
    }
    Ok(Dataset {
        sample_shape: Shape::from(SHAPE),
        features: Features::Bytes(pixels).into(),
        targets: Targets::Classes { labels, names: CLASSES.map(str::to_owned).to_vec() },
    })
}

/// The label and the pixels of each record of a file; `path` is only named in errors.
///
/// # Errors
/// [`Error::Data`] if there is no record, the last one is cut off, or a label is not 0 to 9.
pub fn records<'a>(path: &Path, content: &'a [u8]) -> Result<impl Iterator<Item = (u32, &'a [u8])>> {
    let (records, rest) = content.as_chunks::<RECORD>();
    if records.is_empty() || !rest.is_empty() {
        let message = format!(
            "{} bytes are not a multiple of the {RECORD} bytes of a record; download it again",
            content.len()
        );
        return Err(Error::data(path, message));
    }
    if let Some(i) = records.iter().position(|[label, ..]| usize::from(*label) >= CLASSES.len()) {
        let message = format!("label {} in record {i}; labels are 0 to 9", records[i][0]);
        return Err(Error::data(path, message));
    }
    Ok(records.iter().map(|[label, image @ ..]| (u32::from(*label), image.as_slice())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Samples with label and pixels `first`, `first + 1`, ….
    fn samples(first: u8, count: u8) -> Split {
        let labels: Vec<u8> = (first..first + count).collect();
        Split { pixels: labels.iter().flat_map(|label| [*label; PIXELS]).collect(), labels }
    }

    fn load(folder: &Path) -> Result<Splits> {
        let search = SearchPath { folders: vec![folder.to_path_buf()], ..SearchPath::default() };
        Config { train_samples: Some(4), ..Config::default() }.load(&search, 0)
    }

    #[test]
    fn reads_what_was_fetched_and_saved() {
        let folder = tempfile::tempdir().unwrap();
        save(&[samples(0, 5), samples(8, 2)], &folder.path().join("cifar10")).unwrap();
        let splits = load(folder.path()).unwrap();
        let Targets::Classes { labels, .. } = &splits.train.targets else { panic!() };
        assert_eq!(labels, &[0, 1, 2, 3]);
        let test = splits.test.unwrap();
        assert_eq!(test.features, Features::Bytes(samples(8, 2).pixels));
        assert_eq!(test.len(), 2);
    }

    #[test]
    fn rejects_partial_records_and_wrong_labels() {
        let folder = tempfile::tempdir().unwrap();
        let batches = folder.path().join("cifar-10-batches-bin");
        save(&[samples(0, 5), samples(8, 2)], &batches).unwrap();
        let test = batches.join(TEST_FILE);
        for content in [vec![], vec![0; RECORD - 1], vec![0; RECORD + 1]] {
            std::fs::write(&test, content).unwrap();
            assert!(load(folder.path()).unwrap_err().to_string().contains("not a multiple"));
        }
        std::fs::write(&test, [10; RECORD]).unwrap();
        assert!(load(folder.path()).unwrap_err().to_string().contains("label 10 in record 0"));
    }

    #[test]
    fn says_how_to_get_what_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let message = load(folder.path()).unwrap_err().to_string();
        for part in
            ["data_batch_5.bin", "test_batch.bin", "cifar-10-batches-bin", "--data-dir", "TAPER_DATA_DIR"]
        {
            assert!(message.contains(part), "{message}");
        }
    }
}
