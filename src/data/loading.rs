//! Progress and interruption of loading.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::files;
use crate::interrupt::Interrupt;

/// Bytes of a file between two reports; the end is reported, too.
const BYTES_PER_REPORT: u64 = 1 << 20;

/// The progress of reading a file or a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadingReport<'a> {
    /// The file or folder being read.
    pub place: &'a Path,
    /// The amount read so far.
    pub done: u64,
    /// The total amount.
    pub total: u64,
    /// The unit of both amounts.
    pub unit: Unit,
}

/// The unit of a [`LoadingReport`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// The bytes of a file.
    Bytes,
    /// Samples, such as the images of a folder.
    Samples,
    /// The bytes of a file that is being downloaded.
    Fetched,
}

/// A callback for progress reports.
type Observer = Arc<dyn Fn(LoadingReport<'_>) + Send + Sync>;

/// Watches over loading: reports progress to an observer, and stops when interrupted. Clones share both.
///
/// ```
/// use taper::data::{Loading, LoadingReport};
/// use taper::interrupt::Interrupt;
///
/// let interrupt = Interrupt::default();
/// let loading = Loading::new(interrupt.clone())
///     .observed_by(|LoadingReport { done, total, .. }| eprintln!("{done} of {total}"));
/// assert!(loading.check().is_ok());
/// interrupt.flag().store(2, std::sync::atomic::Ordering::Relaxed);
/// assert_eq!(loading.check().unwrap_err().exit_code(), 130);
/// ```
#[derive(Clone, Default)]
pub struct Loading {
    interrupt: Interrupt,
    observer: Option<Observer>,
}

impl Loading {
    /// Loading without an observer, stopped by `interrupt`.
    #[must_use]
    pub fn new(interrupt: Interrupt) -> Self {
        Self { interrupt, observer: None }
    }

    /// Returns this with `interrupt` in place of the previous one.
    #[must_use]
    pub fn stopped_by(self, interrupt: Interrupt) -> Self {
        Self { interrupt, ..self }
    }

    /// Returns this with an observer, which is called often and from any thread; with several threads, reports
    /// may arrive out of order.
    #[must_use]
    pub fn observed_by(self, observer: impl Fn(LoadingReport<'_>) + Send + Sync + 'static) -> Self {
        Self { observer: Some(Arc::new(observer)), ..self }
    }

    /// The interrupt that stops loading.
    #[must_use]
    pub fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// Whether to continue. Called often enough that loading stops within a second.
    ///
    /// # Errors
    /// [`Error::StoppedReading`] if a signal arrived.
    pub fn check(&self) -> Result<()> {
        self.interrupt.signal().map_or(Ok(()), |signal| Err(Error::StoppedReading(signal)))
    }

    /// Reports progress to the observer, if there is one, then calls [`check`](Self::check).
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn report(&self, report: LoadingReport<'_>) -> Result<()> {
        if let Some(observer) = &self.observer {
            observer(report);
        }
        self.check()
    }

    /// Returns `error`, unless a signal arrived: then the signal is its cause.
    #[must_use]
    pub(crate) fn or_stopped(&self, error: Error) -> Error {
        self.check().err().unwrap_or(error)
    }

    /// Opens a regular file like [`files::open`]; reads are watched.
    pub(crate) fn open(&self, path: &Path) -> Result<(Watched<File>, u64)> {
        let (file, length) = files::open(path)?;
        Ok((self.watch(path, file, length), length))
    }

    /// Watches reads of `content`, which has `length` bytes; after a signal, reads fail.
    pub(crate) fn watch<R>(&self, place: &Path, content: R, length: u64) -> Watched<R> {
        let (loading, place) = (self.clone(), place.to_path_buf());
        Watched { content, loading, place, done: 0, reported: 0, length }
    }
}

impl fmt::Debug for Loading {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let observed = self.observer.is_some();
        to.debug_struct("Loading").field("interrupt", &self.interrupt).field("observed", &observed).finish()
    }
}

/// A reader watched by a [`Loading`].
pub(crate) struct Watched<R> {
    content: R,
    loading: Loading,
    place: PathBuf,
    done: u64,
    reported: u64,
    length: u64,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Not of kind `Interrupted`, which would be retried.
        self.loading.check().map_err(io::Error::other)?;
        let count = self.content.read(buffer)?;
        self.done = self.done.saturating_add(count as u64).min(self.length);
        if self.done - self.reported >= BYTES_PER_REPORT || (self.done == self.length && count > 0) {
            self.reported = self.done;
            let report =
                LoadingReport { place: &self.place, done: self.done, total: self.length, unit: Unit::Bytes };
            self.loading.report(report).map_err(io::Error::other)?;
        }
        Ok(count)
    }
}

impl<R: Seek> Seek for Watched<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.content.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::sync::atomic::Ordering;

    #[test]
    fn progress_is_reported_while_a_file_is_read_and_at_its_end() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        let loading = Loading::default()
            .observed_by(move |report| kept.lock().unwrap().push((report.done, report.total)));
        let length = 5 * BYTES_PER_REPORT / 2;
        let content = vec![0; length as usize];
        let mut read = Vec::new();
        loading.watch(Path::new("a"), &content[..], length).read_to_end(&mut read).unwrap();
        assert_eq!(read.len(), content.len());
        let seen = seen.lock().unwrap();
        assert!(seen.len() <= 4 && seen.is_sorted() && seen.last() == Some(&(length, length)), "{seen:?}");
    }

    #[test]
    fn a_signal_fails_a_read_and_replaces_later_errors() {
        let loading = Loading::default();
        let mut watched = loading.watch(Path::new("a"), io::repeat(1), 10);
        let mut buffer = [0; 4];
        watched.read_exact(&mut buffer).unwrap();
        loading.interrupt().flag().store(15, Ordering::Relaxed);
        watched.read_exact(&mut buffer).unwrap_err();
        let error = loading.or_stopped(Error::data("a", "cannot be read"));
        assert_eq!(
            (error.to_string().as_str(), error.exit_code()),
            ("stopped by SIGTERM while reading the data", 143)
        );
    }
}
