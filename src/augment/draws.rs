//! The random numbers of one operation for one sample.

use std::ops::{Deref, DerefMut};

use crate::random::{Purpose, Stream};

/// The first random number of each operation: enough for all that draw a few.
const EACH: u64 = 64;
/// The first random number of an operation that draws many, such as one for each pixel.
const MANY: u64 = 1 << 40;

/// A stream of random numbers that depends on the seed, the epoch, the sample and the operation's place in the list.
pub struct Draws {
    stream: Stream,
    seed: u64,
    epoch: u64,
    sample: u64,
    operation: u64,
}

impl Draws {
    /// The numbers for operation `operation` and sample `sample` of the data set in an epoch, all counted from 0.
    #[must_use]
    pub fn new(seed: u64, epoch: u64, sample: usize, operation: usize) -> Self {
        let (sample, operation) = (sample as u64, operation as u64);
        let mut stream = Stream::new(seed, Purpose::Augmentation, [epoch, sample]);
        stream.skip_to(operation * EACH);
        Self { stream, seed, epoch, sample, operation }
    }

    /// The epoch, counted from 0.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The same operation's numbers for this sample in the first epoch.
    #[must_use]
    pub fn in_first_epoch(&self) -> Self {
        Self::new(self.seed, 0, self.sample as usize, self.operation as usize)
    }

    /// Any number of further random numbers for this operation.
    #[must_use]
    pub fn many(&self) -> Stream {
        let mut stream = self.stream.clone();
        stream.skip_to(MANY * (self.operation + 1));
        stream
    }
}

impl Deref for Draws {
    type Target = Stream;

    fn deref(&self) -> &Stream {
        &self.stream
    }
}

impl DerefMut for Draws {
    fn deref_mut(&mut self) -> &mut Stream {
        &mut self.stream
    }
}
