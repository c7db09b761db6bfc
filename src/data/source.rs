//! Where the values of samples are: in memory, or on disk, from which batches take them.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use super::{Loading, LoadingReport, Unit};
use crate::error::Result;

/// The number of samples read at once in a pass over all of them.
const PASS: usize = 256;

/// The values of all samples, sample by sample, each in C order.
#[derive(Clone, Debug, PartialEq)]
pub enum Features {
    /// Pixels; they remain bytes until a batch is made, which maps 0..=255 to 0..=1.
    Bytes(Vec<u8>),
    /// Numbers, used unscaled.
    Floats(Vec<f32>),
}

/// Where the values of a data set's samples are.
#[derive(Clone, Debug)]
pub enum Source {
    /// In memory.
    Memory(Features),
    /// Pixels that are read when a batch needs them. Batches map 0..=255 to 0..=1.
    Bytes(Arc<dyn Stored<u8>>),
    /// Numbers that are read when a batch needs them, used unscaled.
    Floats(Arc<dyn Stored<f32>>),
}

/// Samples that need not fit in memory, such as files of images.
pub trait Stored<T>: fmt::Debug + Send + Sync {
    /// The number of samples.
    fn samples(&self) -> usize;

    /// The file or folder that holds them, for messages.
    fn place(&self) -> &Path;

    /// Reads all values of sample `index`, in C order; called from any thread. Every call with the same index
    /// must give the same values, all of them finite.
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) naming the file, what is wrong and what to do.
    fn read(&self, index: usize, to: &mut [T]) -> Result<()>;

    /// A text that other samples do not have, such as a digest of names and sizes. A run resumes only on
    /// samples with the same text.
    fn fingerprint(&self) -> String;

    /// Called with samples that will be read soon, to hide the time that disks take.
    fn prepare(&self, _indices: &[usize]) {}
}

impl From<Features> for Source {
    fn from(features: Features) -> Self {
        Self::Memory(features)
    }
}

impl PartialEq<Features> for Source {
    fn eq(&self, other: &Features) -> bool {
        self.memory() == Some(other)
    }
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Memory(own), Self::Memory(other)) => own == other,
            (Self::Bytes(own), Self::Bytes(other)) => own.fingerprint() == other.fingerprint(),
            (Self::Floats(own), Self::Floats(other)) => own.fingerprint() == other.fingerprint(),
            _ => false,
        }
    }
}

impl Source {
    /// The values of all samples, if they are in memory.
    #[must_use]
    pub fn memory(&self) -> Option<&Features> {
        if let Self::Memory(features) = self { Some(features) } else { None }
    }

    /// As [`memory`](Self::memory).
    pub fn memory_mut(&mut self) -> Option<&mut Features> {
        if let Self::Memory(features) = self { Some(features) } else { None }
    }

    /// An empty buffer for samples of this type.
    #[must_use]
    pub fn buffer(&self) -> Features {
        match self {
            Self::Memory(Features::Bytes(_)) | Self::Bytes(_) => Features::Bytes(Vec::new()),
            Self::Memory(Features::Floats(_)) | Self::Floats(_) => Features::Floats(Vec::new()),
        }
    }

    /// Copies samples with `size` values each to `to`, on all threads; `to` has the type of
    /// [`buffer`](Self::buffer) and keeps its memory.
    ///
    /// # Errors
    /// That of the first sample, in the order of `indices`, that cannot be read.
    ///
    /// # Panics
    /// If an index is out of range.
    pub fn read(&self, indices: &[usize], size: usize, to: &mut Features) -> Result<()> {
        match (self, to) {
            (Self::Memory(Features::Bytes(all)), Features::Bytes(to)) => copy(all, indices, size, to),
            (Self::Memory(Features::Floats(all)), Features::Floats(to)) => copy(all, indices, size, to),
            (Self::Bytes(stored), Features::Bytes(to)) => return read(stored.as_ref(), indices, size, to),
            (Self::Floats(stored), Features::Floats(to)) => return read(stored.as_ref(), indices, size, to),
            _ => unreachable!("the buffer has the type of the samples"),
        }
        Ok(())
    }

    /// Calls `each` for the samples `indices`, of `size` values each, in this order, with a buffer and the place of the
    /// sample in it.
    ///
    /// # Errors
    /// If a sample cannot be read, or a signal arrived.
    pub(crate) fn for_each(
        &self,
        indices: &[usize],
        size: usize,
        loading: &Loading,
        mut each: impl FnMut(&Features, usize),
    ) -> Result<()> {
        let place = match self {
            Self::Memory(features) => {
                for &index in indices {
                    each(features, index);
                }
                return loading.check();
            }
            Self::Bytes(stored) => stored.place(),
            Self::Floats(stored) => stored.place(),
        };
        let mut buffer = self.buffer();
        let (mut done, total) = (0, indices.len() as u64);
        for part in indices.chunks(PASS) {
            self.read(part, size, &mut buffer)?;
            for row in 0..part.len() {
                each(&buffer, row);
            }
            done += part.len() as u64;
            loading.report(LoadingReport { place, done, total, unit: Unit::Samples })?;
        }
        Ok(())
    }

    /// Announces samples that will be read soon.
    pub(crate) fn prepare(&self, indices: &[usize]) {
        match self {
            Self::Memory(_) => {}
            Self::Bytes(stored) => stored.prepare(indices),
            Self::Floats(stored) => stored.prepare(indices),
        }
    }
}

fn copy<T: Copy>(all: &[T], indices: &[usize], size: usize, to: &mut Vec<T>) {
    to.clear();
    for index in indices {
        to.extend_from_slice(&all[index * size..(index + 1) * size]);
    }
}

fn read<T: Copy + Default + Send>(
    stored: &dyn Stored<T>,
    indices: &[usize],
    size: usize,
    to: &mut Vec<T>,
) -> Result<()> {
    to.resize(indices.len() * size, T::default());
    // In pieces of one, so that no thread is left with a long piece.
    let samples = to.par_chunks_exact_mut(size.max(1)).zip(indices).with_max_len(1);
    let failed = samples.find_map_first(|(sample, index)| stored.read(*index, sample).err());
    failed.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    /// Sample i has the values 10 i and 10 i + 1; samples 5 and 7 are damaged.
    #[derive(Debug)]
    struct Tens;

    impl Stored<f32> for Tens {
        fn samples(&self) -> usize {
            9
        }

        fn place(&self) -> &Path {
            Path::new("tens")
        }

        fn read(&self, index: usize, to: &mut [f32]) -> Result<()> {
            if index == 5 || index == 7 {
                return Err(Error::data("tens", format!("sample {index}")));
            }
            to[0] = 10.0 * index as f32;
            to[1] = to[0] + 1.0;
            Ok(())
        }

        fn fingerprint(&self) -> String {
            "tens".to_owned()
        }
    }

    #[test]
    fn samples_are_read_in_order_from_memory_and_from_disk() -> Result<()> {
        let stored = Source::Floats(Arc::new(Tens));
        let memory = Source::from(Features::Floats((0..18).map(|i| (i / 2 * 10 + i % 2) as f32).collect()));
        for source in [&stored, &memory] {
            let mut to = source.buffer();
            source.read(&[8, 1, 2, 3, 4], 2, &mut to)?;
            source.read(&[3, 0, 3], 2, &mut to)?;
            assert_eq!(to, Features::Floats(vec![30.0, 31.0, 0.0, 1.0, 30.0, 31.0]));
        }
        Ok(())
    }

    #[test]
    fn the_first_damaged_sample_is_reported() {
        let source = Source::Floats(Arc::new(Tens));
        for _ in 0..20 {
            let failed = source.read(&[1, 7, 2, 5], 2, &mut source.buffer()).expect_err("damaged samples");
            assert_eq!(failed.to_string(), "tens: sample 7");
        }
    }
}
