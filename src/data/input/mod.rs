//! Samples to predict for, from a file or from numbers at hand, brought into the form of the samples
//! trained on.
//!
//! The kind of a file is seen from its name. PNG and JPEG files are decoded and resized as in
//! [`image_folder`](super::sets::image_folder); `.npy` arrays, those called `x_test` or `x` in `.npz` files, IDX files, CSV rows and JSON lists must have the shape that the
//! network takes. Images of `[channels, height, width]` may also come as `[height, width, channels]`
//! (the network's own order wins where both fit), grey ones also as `[height, width]`, each with or
//! without a first dimension that counts the samples. A row of a CSV file is one sample: its columns are
//! found by the names of those that were trained on, in any order; for a network that was trained on
//! other files, or on a table without names, it has the values in the network's order.
//!
//! A network trained on pixels divides them by 255. What it is given must therefore say what it is:
//! bytes are pixels, numbers with a fraction or of a floating-point type are shares in 0..=1, other
//! whole numbers are pixels in 0..=255. A file of whole numbers in which nothing is above 1 could
//! be either, and is refused. A network trained on other numbers gets all numbers as they are;
//! `normalize` of its config follows in both cases.

mod archive;
mod arrange;
mod ids;
mod places;
mod records;
mod table;
mod unsupported;

pub use super::formats::Numbers;
pub use places::Found;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::formats::array::{Array, Values};
use super::formats::{idx, image, json, npy};
use super::sets::csv;
use super::{Config, Features, Loading, Samples, Scaling};
use crate::error::{Error, Result};
use crate::files;
use crate::shape::Shape;

/// The longest side of an image that a network may take.
const LONGEST_SIDE: usize = 4096;
/// The longest JSON text that is read, in bytes.
pub const LONGEST_JSON: u64 = 1 << 30;

/// Samples without targets, as one file has them.
#[derive(Clone, Debug, PartialEq)]
pub struct Inputs {
    /// The file that they are from.
    pub place: PathBuf,
    /// The shape of each.
    pub sample_shape: Shape,
    /// All values, sample by sample.
    pub features: Features,
    /// How many samples there are; at least one.
    pub count: usize,
}

impl Inputs {
    /// Some of them; every index is below [`count`](Self::count).
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
    /// The name of the samples to test on, in archives.
    array: Option<&'a str>,
    loading: Option<&'a Loading>,
}

impl<'a> Reader<'a> {
    /// For a network that takes samples of `shape`, pixels or not, and was trained on `source`.
    #[must_use]
    pub fn new(shape: &'a Shape, pixels: bool, source: &'a Config) -> Self {
        let table = if let Config::csv(table) = source { Some(table) } else { None };
        let array = if let Config::npz(arrays) = source { Some(arrays.x_test.as_str()) } else { None };
        Self { shape, pixels, table, array, loading: None }
    }

    /// The same under the watch of `loading`, which hears of files and may stop the reading.
    #[must_use]
    pub fn watched_by(self, loading: &'a Loading) -> Self {
        Self { loading: Some(loading), ..self }
    }

    /// Reads all samples of a file.
    ///
    /// # Errors
    /// [`Error::Data`] if it is of no known kind, is damaged, or does not fit the network;
    /// [`Error::StoppedReading`] after a signal.
    pub fn read(&self, path: &Path) -> Result<Inputs> {
        let loading = self.loading.cloned().unwrap_or_default();
        loading.check()?;
        let (file, length) = loading.open(path)?;
        self.decode(path, BufReader::new(file), length).map_err(|error| loading.or_stopped(error))
    }

    /// Reads the `length` bytes of `content` as [`read`](Self::read) reads a file; the name of `path`
    /// says of which kind it is.
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

    /// Reads the text of a JSON file: a sample as nested lists of numbers, a list of samples, or
    /// `{"instances": [samples]}`.
    ///
    /// # Errors
    /// [`Error::Data`] about `place` if it is no such text or does not fit the network.
    pub fn json(&self, place: &Path, content: &[u8]) -> Result<Inputs> {
        let content = json::without_mark(content);
        if let Some(inputs) = self.records(place, content)? {
            return Ok(inputs);
        }
        let parsed = json::parse(content).map_err(|message| {
            let of_table = self.table.is_some_and(|table| table.has_headers)
                && (message.contains("invalid type: string") || message.contains("invalid type: null"));
            let how = "; texts and gaps need the names of columns: `[{\"NAME\": VALUE, …}, …]`";
            message + if of_table { how } else { "" }
        });
        parsed
            .and_then(|numbers| self.rows(place, numbers, None))
            .map_err(|message| Error::data(place, message))
    }

    /// Brings numbers that were read elsewhere, from a request to a server for example, into the form of
    /// the samples trained on. `place` is named in errors.
    ///
    /// # Errors
    /// [`Error::Data`] if their shape or their unit does not fit the network.
    pub fn numbers(&self, place: &Path, numbers: Numbers) -> Result<Inputs> {
        self.rows(place, numbers, None).map_err(|message| Error::data(place, message))
    }

    /// The same with pixels, of one sample or of several.
    ///
    /// # Errors
    /// [`Error::Data`] if they do not make whole samples, or the network takes other numbers.
    pub fn pixels(&self, pixels: &[u8]) -> Result<Inputs> {
        let place = Path::new("pixels");
        let sample = self.shape.elements().unwrap_or(0).max(1);
        let shape = [&[pixels.len() / sample][..], &self.shape.0].concat();
        if pixels.is_empty() || !pixels.len().is_multiple_of(sample) {
            let message = format!("{} values, but this network takes samples of {sample}", pixels.len());
            return Err(Error::data(place, message));
        }
        self.bytes(place, &shape, true, pixels.to_vec()).map_err(|message| Error::data(place, message))
    }

    /// Whether PNG and JPEG files can be its samples.
    fn takes_pictures(&self) -> bool {
        self.pixels
            && self.shape.image().is_some_and(|[channels, height, width]| {
                matches!(channels, 1 | 3) && height.max(width) <= LONGEST_SIDE
            })
    }

    fn image(&self, path: &Path, content: &[u8]) -> Result<Inputs> {
        let sizes = self.shape.image().filter(|_| self.takes_pictures());
        let Some(sizes) = sizes else {
            let kind = if self.pixels { "pixels" } else { "numbers that are not pixels" };
            let message = format!(
                "an image, but this network takes {} {kind}; give them as .npy, .csv or .json",
                self.shape
            );
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
