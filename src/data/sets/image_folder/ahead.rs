//! Reads the files of the next batch while the current one is decoded and used, to hide the time that disks take.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::data::formats::image::LARGEST_FILE;
use crate::error::Result;
use crate::files;

/// The number of files read at the same time. Their threads mostly wait for the disk.
const THREADS: usize = 8;

/// The most bytes that are read ahead.
const MOST_BYTES: usize = 1 << 26;

/// The mean time of a read from which files are read ahead, in nanoseconds. Those in the memory of the operating system take
/// less; to read these ahead would take time from the threads that decode (18 % more for an epoch of 60,000 small JPEGs).
const SLOW: u64 = 150_000;

pub(super) struct Ahead {
    reader: Arc<Reader>,
    /// Started with the first batch; `None` if threads cannot be started, so that nothing is read ahead.
    threads: OnceLock<Option<ThreadPool>>,
}

struct Reader {
    files: Vec<PathBuf>,
    found: Mutex<Found>,
    /// The number of reads since the last batch was announced, and their time in nanoseconds.
    reads: AtomicU64,
    nanoseconds: AtomicU64,
}

/// What has been read and not yet used.
#[derive(Default)]
struct Found {
    /// By the index of the file; empty until it is read.
    contents: HashMap<usize, Option<Vec<u8>>>,
    bytes: usize,
}

impl Ahead {
    pub fn new(files: Vec<PathBuf>) -> Self {
        let reader = Reader { files, found: Mutex::default(), reads: 0.into(), nanoseconds: 0.into() };
        Self { reader: Arc::new(reader), threads: OnceLock::new() }
    }

    pub fn files(&self) -> &[PathBuf] {
        &self.reader.files
    }

    /// Begins to read these files, in place of those announced before and not yet used, if the last ones took long.
    pub fn announce(&self, indices: impl Iterator<Item = usize>) {
        if self.reader.is_slow() {
            self.read_ahead(indices.collect());
        }
    }

    fn read_ahead(&self, indices: Vec<usize>) {
        let build = || ThreadPoolBuilder::new().num_threads(THREADS).build().ok();
        let Some(threads) = self.threads.get_or_init(build) else { return };
        let mut found = self.reader.found();
        *found = Found::default();
        found.contents.extend(indices.iter().map(|&index| (index, None)));
        drop(found);
        for index in indices {
            let reader = Arc::clone(&self.reader);
            threads.spawn(move || reader.read_ahead(index));
        }
    }

    /// The content of a file, read ahead or now.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn content(&self, index: usize) -> Result<Vec<u8>> {
        // One that is still being read ahead is read twice, which takes less time than to wait for its turn.
        match self.reader.take(index) {
            Some(content) => Ok(content),
            None => self.reader.read(index),
        }
    }
}

impl Reader {
    fn found(&self) -> std::sync::MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether reads took long on average since the last call.
    fn is_slow(&self) -> bool {
        let reads = self.reads.swap(0, Ordering::Relaxed);
        self.nanoseconds.swap(0, Ordering::Relaxed) > SLOW * reads
    }

    fn read(&self, index: usize) -> Result<Vec<u8>> {
        let start = Instant::now();
        let content = files::read(&self.files[index], LARGEST_FILE);
        let nanoseconds = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
        self.reads.fetch_add(1, Ordering::Relaxed);
        content
    }

    fn take(&self, index: usize) -> Option<Vec<u8>> {
        let mut found = self.found();
        let content = found.contents.remove(&index).flatten()?;
        found.bytes -= content.len();
        Some(content)
    }

    /// Reads a file, unless it is no longer wanted. An error is found again by whoever needs the file.
    fn read_ahead(&self, index: usize) {
        let wanted = |found: &Found| found.contents.get(&index).is_some_and(Option::is_none);
        let full = |found: &Found| found.bytes >= MOST_BYTES;
        let found = self.found();
        if !wanted(&found) || full(&found) {
            return;
        }
        drop(found);
        let Ok(content) = self.read(index) else { return };
        let mut found = self.found();
        if wanted(&found) && !full(&found) {
            found.bytes += content.len();
            found.contents.insert(index, Some(content));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_the_same_whether_read_ahead_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = |i: usize| {
            let path = folder.path().join(i.to_string());
            std::fs::write(&path, vec![i as u8; i * 100]).unwrap();
            path
        };
        let ahead = Ahead::new((0..50).map(file).collect());
        let check = |i: usize| assert_eq!(ahead.content(i).unwrap(), vec![i as u8; i * 100]);
        (0..50).for_each(check);
        for first in [0, 10, 30] {
            ahead.read_ahead((first..first + 20).collect());
            (0..50).for_each(check);
        }
        ahead.read_ahead(vec![7, 8]);
        while ahead.reader.found().bytes < 1500 {
            std::thread::yield_now();
        }
        std::fs::remove_file(&ahead.files()[7]).unwrap();
        check(7);
        assert_eq!(ahead.reader.found().bytes, 800);
        assert!(ahead.content(7).is_err(), "it is not kept");
        ahead.read_ahead(vec![7]);
        assert!(ahead.content(7).is_err());
    }

    #[test]
    fn files_are_read_ahead_only_if_reads_take_long() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "abc").unwrap();
        let ahead = Ahead::new(vec![path]);
        ahead.announce(0..1);
        assert!(ahead.threads.get().is_none(), "nothing has been read");
        ahead.reader.reads.store(10, Ordering::Relaxed);
        ahead.reader.nanoseconds.store(9 * SLOW, Ordering::Relaxed);
        ahead.announce(0..1);
        assert!(ahead.threads.get().is_none());
        ahead.reader.reads.store(10, Ordering::Relaxed);
        ahead.reader.nanoseconds.store(11 * SLOW, Ordering::Relaxed);
        ahead.announce(0..1);
        assert!(ahead.threads.get().is_some());
        assert_eq!(ahead.content(0).unwrap(), b"abc");
    }
}
