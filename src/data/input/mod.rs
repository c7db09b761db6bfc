//! Samples to predict for, from a file or from memory, in the form of the training samples.
//!
//! The type of a file is determined by its name. PNG and JPEG files are decoded and resized as in
//! [`image_folder`](super::sets::image_folder). `.npy` arrays, the array `x_test` or `x` of `.npz` files, IDX
//! files, CSV rows and JSON lists must have the shape of the network's input. Images of shape `[channels,
//! height, width]` may also be given as `[height, width, channels]` (if both match, the network's own order
//! wins), grayscale ones also as `[height, width]`, each with or without a leading dimension that counts the
//! samples. A row of a CSV file is one sample: its columns are matched by name with those of the training
//! table, in any order. If the network was trained on other files, or on a table without a header, the row
//! holds the values in the network's order.
//!
//! A network trained on pixels divides them by 255, so the input must make clear whether it still has to be:
//! bytes are pixels, numbers of a floating-point type or with a fraction are in 0..=1, other integers are
//! pixels in 0..=255. A file of integers none of which exceeds 1 could be either, and is an error. A network
//! trained on other numbers uses all numbers as they are; `normalize` of its config is applied in both cases.

mod archive;
mod arrange;
mod ids;
mod places;
mod records;
mod table;
mod units;
mod unsupported;

pub use super::formats::Numbers;
pub use places::Found;
pub use units::Units;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::formats::array::{Array, Values};
use super::formats::{idx, image, json, npy};
use super::sets::csv;
use super::{Config, Features, Loading, Samples, Scaling};
use crate::error::{Error, Result};
use crate::files;
use crate::shape::Shape;

/// The longest side of an image that a network may take, in pixels.
const LONGEST_SIDE: usize = 4096;
/// The longest JSON document that is accepted, in bytes.
pub const LONGEST_JSON: u64 = 1 << 30;

/// Samples without targets from one file.
#[derive(Clone, Debug, PartialEq)]
pub struct Inputs {
    /// The source file.
    pub place: PathBuf,
    /// The shape of each sample.
    pub sample_shape: Shape,
    /// All values, sample by sample.
    pub features: Features,
    /// The number of samples, at least one.
    pub count: usize,
}

impl Inputs {
    /// Selects samples; every index must be less than [`count`](Self::count).
    #[must_use]
    pub fn samples<'a>(&'a self, indices: &'a [usize], scaling: &'a Scaling) -> Samples<'a> {
        Samples { features: &self.features, shape: &self.sample_shape, indices, scaling }
    }
}

/// Reads samples for one network.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    shape: &'a Shape,
    pixels: bool,
    table: Option<&'a csv::Config>,
    /// The name of the array of test samples in archives.
    array: Option<&'a str>,
    loading: Option<&'a Loading>,
    units: Units,
}

impl<'a> Reader<'a> {
    /// A reader for a network that takes samples of `shape`, pixels or not, and was trained on `source`.
    #[must_use]
    pub fn new(shape: &'a Shape, pixels: bool, source: &'a Config) -> Self {
        let table = if let Config::csv(table) = source { Some(table) } else { None };
        let array = if let Config::npz(arrays) = source { Some(arrays.x_test.as_str()) } else { None };
        Self { shape, pixels, table, array, loading: None, units: Units::Auto }
    }

    /// Returns the reader with numbers understood as `units`.
    #[must_use]
    pub fn in_units(self, units: Units) -> Self {
        Self { units, ..self }
    }

    /// Returns the reader with `loading` attached, which observes reading and can stop it.
    #[must_use]
    pub fn watched_by(self, loading: &'a Loading) -> Self {
        Self { loading: Some(loading), ..self }
    }

    /// Reads all samples of a file.
    ///
    /// # Errors
    /// [`Error::Data`] if its type is unsupported, it is damaged, or it does not fit the network;
    /// [`Error::StoppedReading`] after a signal.
    pub fn read(&self, path: &Path) -> Result<Inputs> {
        let loading = self.loading.cloned().unwrap_or_default();
        loading.check()?;
        let (file, length) = loading.open(path)?;
        self.decode(path, BufReader::new(file), length).map_err(|error| loading.or_stopped(error))
    }

    /// Reads the `length` bytes of `content` as [`read`](Self::read) does a file; the name of `path`
    /// determines the type.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn decode(&self, path: &Path, content: impl BufRead, length: u64) -> Result<Inputs> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let plain = name.strip_suffix(".gz").unwrap_or(&name);
        let extension = plain.rsplit_once('.').map_or("", |(_, extension)| extension);
        match extension {
            _ if image::EXTENSIONS.contains(&extension) && plain == name => {
                self.image(path, &files::read_all(path, content, length, image::LARGEST_FILE)?)
            }
            "npy" if plain == name => {
                let content = files::read_all(path, content, length, npy::LIMIT)?;
                self.array(path, npy::parse(content).map_err(|message| Error::data(path, message))?)
            }
            "npz" if plain == name => {
                let content = files::read_all(path, content, length, npy::LIMIT)?;
                self.array(path, archive::decode(path, content, self.array)?)
            }
            "csv" | "tsv" if plain == name => {
                let sample = self.shape.elements().unwrap_or(0);
                let (samples, numbers) = table::decode(path, content, self.table, sample)?;
                self.rows(path, numbers, Some(samples)).map_err(|message| Error::data(path, message))
            }
            "json" if plain == name => {
                self.json(path, &files::read_all(path, content, length, LONGEST_JSON)?)
            }
            _ if plain.ends_with("ubyte") || extension == "idx" => {
                let fits = |sizes: &[usize]| self.arrange(sizes, false).map(|_| ());
                self.array(path, idx::decode_array(path, content, length, fits)?)
            }
            _ => Err(unsupported::explain(path, content)),
        }
    }

    /// Reads a JSON document: a sample as nested lists of numbers, a list of samples, or
    /// `{"instances": [samples]}`.
    ///
    /// # Errors
    /// [`Error::Data`] about `place` if the document is malformed or does not fit the network.
    pub fn json(&self, place: &Path, content: &[u8]) -> Result<Inputs> {
        let content = json::without_mark(content);
        if let Some(inputs) = self.records(place, content)? {
            return Ok(inputs);
        }
        let parsed = json::parse(content).map_err(|message| {
            let of_table = self.table.is_some_and(|table| table.has_headers)
                && (message.contains("invalid type: string") || message.contains("invalid type: null"));
            let how = "; text and missing values need column names: `[{\"NAME\": VALUE, …}, …]`";
            message + if of_table { how } else { "" }
        });
        parsed
            .and_then(|numbers| self.rows(place, numbers, None))
            .map_err(|message| Error::data(place, message))
    }

    /// Arranges numbers from elsewhere, such as a request to a server, in the form of the training samples.
    /// `place` is used in errors only.
    ///
    /// # Errors
    /// [`Error::Data`] if their shape or unit does not fit the network.
    pub fn numbers(&self, place: &Path, numbers: Numbers) -> Result<Inputs> {
        self.rows(place, numbers, None).map_err(|message| Error::data(place, message))
    }

    /// As [`numbers`](Self::numbers), for the pixels of one or more samples.
    ///
    /// # Errors
    /// [`Error::Data`] if the pixels are not a whole number of samples, or the network was not trained on
    /// pixels.
    pub fn pixels(&self, pixels: &[u8]) -> Result<Inputs> {
        let place = Path::new("pixels");
        let sample = self.shape.elements().unwrap_or(0).max(1);
        let shape = [&[pixels.len() / sample][..], &self.shape.0].concat();
        if pixels.is_empty() || !pixels.len().is_multiple_of(sample) {
            let message =
                format!("{} values, but this network takes samples of {sample} values", pixels.len());
            return Err(Error::data(place, message));
        }
        self.bytes(place, &shape, true, pixels.to_vec()).map_err(|message| Error::data(place, message))
    }

    /// Decodes the content of a PNG or JPEG file as [`read`](Self::read) does.
    ///
    /// # Errors
    /// [`Error::Data`] about `place` if it is damaged, or the network does not take images.
    pub fn picture(&self, place: &Path, content: &[u8]) -> Result<Inputs> {
        self.image(place, content)
    }

    /// Whether its samples can be PNG and JPEG files.
    #[must_use]
    pub fn takes_pictures(&self) -> bool {
        self.pixels
            && self.shape.image().is_some_and(|[channels, height, width]| {
                matches!(channels, 1 | 3) && height.max(width) <= LONGEST_SIDE
            })
    }

    fn image(&self, path: &Path, content: &[u8]) -> Result<Inputs> {
        let sizes = self.shape.image().filter(|_| self.takes_pictures());
        let Some(sizes) = sizes else {
            let kind = if self.pixels { "pixels" } else { "numbers that are not pixels" };
            let message =
                format!("an image, but this network takes {} {kind}; use .npy, .csv or .json", self.shape);
            return Err(Error::data(path, message));
        };
        let mut pixels = vec![0; sizes.iter().product()];
        image::decode(path, content, sizes, &mut pixels)?;
        Ok(self.inputs(path, Features::Bytes(pixels), 1))
    }

    fn array(&self, path: &Path, Array { shape, values }: Array) -> Result<Inputs> {
        let whole = matches!(values, Values::Integers(_));
        match values {
            Values::Bytes(bytes) if self.pixels && arrange::is_black_and_white(&bytes) => {
                Err(arrange::EITHER.to_owned())
            }
            Values::Bytes(bytes) => self.bytes(path, &shape, false, bytes),
            values => values
                .into_floats()
                .and_then(|values| self.rows(path, Numbers { shape, counted: false, values, whole }, None)),
        }
        .map_err(|message| Error::data(path, message))
    }
}
