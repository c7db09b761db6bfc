//! `events.jsonl` and `metrics.csv` of a run folder.
//!
//! Each line is written as it happens. A resumed run cuts both files to the sizes that its
//! checkpoint recorded, so that in the end they read as if the run had never stopped.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::Callback;
use crate::durable::{require_regular, sync_folder};
use crate::error::{Error, Result};
use crate::events::{self, Epoch, Event, Line, VERSION};

/// The table's name in a run folder.
const METRICS: &str = "metrics.csv";

/// The callback.
pub struct Log {
    events: Growing,
    metrics: Growing,
}

impl Log {
    /// Opens the files in the folder `run` and cuts them to `sizes`, or to nothing.
    ///
    /// # Errors
    /// If they cannot be opened, or are shorter than the checkpoint says.
    pub fn open(run: &Path, sizes: &BTreeMap<String, u64>) -> Result<Self> {
        let open = |name: &str| Growing::open(run.join(name), sizes.get(name).copied().unwrap_or(0));
        let log = Self { events: open(events::FILE)?, metrics: open(METRICS)? };
        // No checkpoint may outlast a loss of power that a file with its lines does not.
        sync_folder(run)?;
        Ok(log)
    }

    fn csv(&mut self, epoch: &Epoch) -> Result<()> {
        let names = epoch.metrics.iter().map(|(name, _)| name);
        let header: Vec<&str> = ["epoch", "step"]
            .into_iter()
            .chain(names)
            .chain(["learning_rate", "seconds", "samples_per_second"])
            .collect();
        if self.metrics.size() == 0 {
            self.metrics.line(&header.join(","))?;
        }
        let values = epoch.metrics.iter().map(|(_, value)| value.to_string());
        let row: Vec<String> = [epoch.epoch.to_string(), epoch.step.to_string()]
            .into_iter()
            .chain(values)
            .chain(
                [epoch.learning_rate, epoch.seconds, epoch.samples_per_second].map(|value| value.to_string()),
            )
            .collect();
        self.metrics.line(&row.join(","))
    }
}

impl Callback for Log {
    fn name(&self) -> &'static str {
        "log"
    }

    fn event(&mut self, event: &Event) -> Result<()> {
        // A resumed run began earlier.
        if matches!(event, Event::Start { .. }) && self.events.size() > 0 {
            return Ok(());
        }
        let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
        let line = Line { v: VERSION, time, event: event.clone() };
        let line = serde_json::to_string(&line).map_err(|error| self.events.refused(error.into()))?;
        self.events.line(&line)?;
        match event {
            Event::Epoch(epoch) => self.csv(epoch),
            Event::End { .. } => self.files().map(drop),
            _ => Ok(()),
        }
    }

    fn files(&mut self) -> Result<Vec<(&'static str, u64)>> {
        Ok(vec![(events::FILE, self.events.durable_size()?), (METRICS, self.metrics.durable_size()?)])
    }
}

/// A file that only grows, line by line, and is cut where a run resumes: for callbacks that write one.
pub struct Growing {
    path: PathBuf,
    file: File,
    size: u64,
}

impl Growing {
    /// Opens the file, or makes it, and cuts it to `size`.
    ///
    /// # Errors
    /// If it is shorter, or the disk refuses.
    pub fn open(path: PathBuf, size: u64) -> Result<Self> {
        check_size(&path, size)?;
        let mut options = OpenOptions::new();
        let mut file = options
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(Error::io(&path, "open it"))?;
        file.set_len(size).map_err(Error::io(&path, "cut it to the checkpoint's size"))?;
        file.seek(SeekFrom::End(0)).map_err(Error::io(&path, "go to its end"))?;
        Ok(Self { path, file, size })
    }

    /// Appends a line.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn line(&mut self, text: &str) -> Result<()> {
        let line = format!("{text}\n");
        self.file.write_all(line.as_bytes()).map_err(Error::io(&self.path, "write a line"))?;
        self.size += line.len() as u64;
        Ok(())
    }

    /// Its size.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    fn refused(&self, source: std::io::Error) -> Error {
        Error::io(&self.path, "write a line")(source)
    }

    /// Its size, all lines flushed to the disk.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn durable_size(&self) -> Result<u64> {
        self.file.sync_data().map_err(Error::io(&self.path, "flush it to the disk"))?;
        Ok(self.size)
    }
}

/// Checks that a growing file is not shorter than `size`.
///
/// # Errors
/// [`Error::Checkpoint`] if it is.
pub fn check_size(path: &Path, size: u64) -> Result<()> {
    require_regular(path)?;
    let found = std::fs::metadata(path).map_or(0, |facts| facts.len());
    if found >= size {
        return Ok(());
    }
    let message = format!(
        "has {found} bytes, and the checkpoint knew {size}: lines are lost; \
         put the whole file back, or start a new run"
    );
    Err(Error::checkpoint(path, message))
}
