//! Samples that stay in an array on disk until a batch needs them.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::Layout;
use super::arrays::arrange;
use crate::data::formats::array::{Array, decode_from};
use crate::data::formats::npy::{self, Header};
use crate::data::formats::npz::Place;
use crate::data::formats::positioned::read_at;
use crate::data::{Features, Source, Stored};
use crate::digest::hexadecimal;
use crate::error::{Error, Result};
use crate::files;
use crate::shape::Shape;

/// Arrays with more bytes stay on disk.
pub(super) const LARGE: u64 = 1 << 28;

/// The parts of an array that identify it: as many, of so many bytes, evenly spaced. Reading all of a large array
/// would take longer than many steps.
const PARTS: (u64, u64) = (1024, 4096);

pub(super) struct Rows {
    /// The archive or the folder.
    path: PathBuf,
    /// The name of the array.
    name: String,
    file: File,
    /// The position of the first value.
    start: u64,
    header: Header,
    layout: Layout,
    /// The bytes of a sample.
    size: usize,
    fingerprint: String,
}

impl Rows {
    /// The array `name` of `path`, whose NPY file is at `place`, unless its samples are not contiguous.
    ///
    /// # Errors
    /// If it cannot be read or is not an array of numbers.
    pub fn open(path: &Path, name: &str, place: &Place, layout: Layout) -> Result<Option<Self>> {
        let failed = |message: String| Error::data(path, format!("array `{name}`: {message}"));
        let (file, _) = files::open(&place.path)?;
        let mut head = vec![0; place.size.min(npy::LONGEST_START) as usize];
        let unreadable = |error: std::io::Error| files::failed_read(&place.path, &error);
        read_at(&file, place.start, &mut head).map_err(unreadable)?;
        let (header, end) = npy::header(&head, place.size).map_err(failed)?;
        if header.fortran_order || matches!(header.element.kind, 'U' | 'S') || header.shape.is_empty() {
            return Ok(None);
        }
        let size = header.shape.iter().skip(1).product::<usize>() * header.element.size;
        let mut digest = Sha256::new();
        digest.update(&head[..end]);
        let (parts, length) = (PARTS.0, PARTS.1.min(place.size));
        let mut part = vec![0; length as usize];
        for i in 0..parts {
            let at = u128::from(place.size - length) * u128::from(i) / u128::from(parts - 1);
            read_at(&file, place.start + at as u64, &mut part).map_err(unreadable)?;
            digest.update(&part);
        }
        let rows = Self {
            path: path.to_path_buf(),
            name: name.to_owned(),
            file,
            start: place.start + end as u64,
            header,
            layout,
            size,
            fingerprint: hexadecimal(&digest.finalize()),
        };
        Ok(Some(rows))
    }

    /// The number of samples, their shape, and the samples.
    pub fn source(self) -> Result<(usize, Shape, Source)> {
        let (shape, features) = self.sample(0)?;
        let samples = self.header.shape.first().copied().unwrap_or(1);
        let source = match features {
            Features::Bytes(_) => Source::Bytes(Arc::new(self)),
            Features::Floats(_) => Source::Floats(Arc::new(self)),
        };
        Ok((samples, shape, source))
    }

    fn sample(&self, index: usize) -> Result<(Shape, Features)> {
        let failed = |message: String| Error::data(&self.path, format!("array `{}`: {message}", self.name));
        let mut bytes = vec![0; self.size];
        let position = self.start + index as u64 * self.size as u64;
        read_at(&self.file, position, &mut bytes).map_err(|error| files::failed_read(&self.path, &error))?;
        let Header { element, shape, .. } = &self.header;
        let first = index * (self.size / element.size);
        let values = decode_from(first, *element, bytes, shape).map_err(failed)?;
        let mut shape = shape.clone();
        shape[0] = 1;
        arrange(Array { shape, values }, self.layout).map_err(failed)
    }
}

impl Stored<u8> for Rows {
    fn samples(&self) -> usize {
        self.header.shape.first().copied().unwrap_or(1)
    }

    fn place(&self) -> &Path {
        &self.path
    }

    fn read(&self, index: usize, to: &mut [u8]) -> Result<()> {
        let (_, features) = self.sample(index)?;
        if let Features::Bytes(bytes) = features {
            to.copy_from_slice(&bytes);
        }
        Ok(())
    }

    fn fingerprint(&self) -> String {
        self.fingerprint.clone()
    }
}

impl Stored<f32> for Rows {
    fn samples(&self) -> usize {
        Stored::<u8>::samples(self)
    }

    fn place(&self) -> &Path {
        &self.path
    }

    fn read(&self, index: usize, to: &mut [f32]) -> Result<()> {
        let (_, features) = self.sample(index)?;
        if let Features::Floats(floats) = features {
            to.copy_from_slice(&floats);
        }
        Ok(())
    }

    fn fingerprint(&self) -> String {
        self.fingerprint.clone()
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "array `{}` of {}", self.name, self.path.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Loading;
    use crate::data::formats::npy::tests::npy;
    use crate::data::formats::npz::Archive;

    fn open(path: &Path, layout: Layout) -> Result<Rows> {
        let mut archive = Archive::open(path, &Loading::default())?;
        let place = archive.place("x").expect("an array that is not compressed");
        Rows::open(path, "x", &place, layout).map(|rows| rows.expect("samples"))
    }

    /// An archive and a folder with the same array `x`, after another one.
    fn saved(folder: &Path, array: &[u8]) -> [PathBuf; 2] {
        let paths = [folder.join("a.npz"), folder.join("a")];
        let mut zip = zip::ZipWriter::new(File::create(&paths[0]).unwrap());
        let stored = zip::write::SimpleFileOptions::default();
        for (name, content) in [("w", &npy("|u1", "(3,)", &[1, 2, 3])[..]), ("x", array)] {
            zip.start_file(format!("{name}.npy"), stored.compression_method(zip::CompressionMethod::Stored))
                .unwrap();
            std::io::Write::write_all(&mut zip, content).unwrap();
        }
        zip.finish().unwrap();
        std::fs::create_dir_all(&paths[1]).unwrap();
        std::fs::write(paths[1].join("x.npy"), array).unwrap();
        paths
    }

    #[test]
    fn samples_read_from_disk_are_those_of_the_whole_array() {
        let folder = tempfile::tempdir().unwrap();
        let bytes: Vec<u8> = (0..5 * 2 * 3 * 3).map(|i: u32| (i * 37 % 251) as u8).collect();
        let floats: Vec<u8> = bytes.iter().flat_map(|byte| (f32::from(*byte) / 3.0).to_le_bytes()).collect();
        let halves: Vec<u8> = bytes.iter().flat_map(|byte| [0x3c, *byte]).collect();
        let words: Vec<u8> = bytes.iter().flat_map(|byte| (-i64::from(*byte)).to_le_bytes()).collect();
        for (element, values) in [("|u1", bytes), ("<f4", floats), (">f2", halves), ("<i8", words)] {
            for shape in ["(5, 2, 3, 3)", "(5, 18)", "(90,)", "(10, 3, 3)"] {
                for (path, layout) in saved(folder.path(), &npy(element, shape, &values))
                    .iter()
                    .flat_map(|path| [(path, Layout::ChannelsFirst), (path, Layout::ChannelsLast)])
                {
                    let whole = Archive::open(path, &Loading::default()).unwrap().array("x").unwrap();
                    let count = whole.shape[0];
                    let (sample, expected) = arrange(whole, layout).unwrap();
                    let (samples, shape, source) = open(path, layout).unwrap().source().unwrap();
                    assert_eq!((samples, &shape), (count, &sample));
                    let mut found = source.buffer();
                    let indices: Vec<usize> = (0..samples).collect();
                    source.read(&indices, shape.elements().unwrap(), &mut found).unwrap();
                    assert_eq!(found, expected, "{element} {shape}");
                }
            }
        }
    }

    #[test]
    fn a_number_that_is_not_finite_is_named_when_it_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let mut values: Vec<u8> = (0..12).flat_map(|i| (i as f32).to_le_bytes()).collect();
        values[40..44].copy_from_slice(&f32::NAN.to_le_bytes());
        for path in saved(folder.path(), &npy("<f4", "(4, 3)", &values)) {
            let source = open(&path, Layout::ChannelsLast).unwrap().source().unwrap().2;
            source.read(&[0, 1, 2], 3, &mut source.buffer()).unwrap();
            let error = source.read(&[1, 3], 3, &mut source.buffer()).unwrap_err().to_string();
            assert!(error.contains("array `x`: row 3, column 1 (counted from 0) is NaN"), "{error}");
        }
    }

    #[test]
    fn other_values_have_another_fingerprint() {
        let folder = tempfile::tempdir().unwrap();
        let of = |byte: u8| {
            let paths = saved(folder.path(), &npy("|u1", "(2, 3)", &[1, 2, 3, 4, 5, byte]));
            paths.map(|path| open(&path, Layout::ChannelsLast).unwrap().fingerprint)
        };
        let (first, other) = (of(6), of(7));
        assert!(first[0] == first[1] && first[0] != other[0]);
    }
}
