//! `events.jsonl` and `metrics.csv` of a run folder.
//!
//! Each line is written as it happens. A resumed run cuts both files to the sizes that its
//! checkpoint recorded, so that in the end they read as if the run had never stopped.

use std::fs::{File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::events::{Epoch, Event, Observer, VERSION};
use crate::checkpoint::Files;
use crate::durable::{require_regular, sync_folder};
use crate::error::{Error, Result};

/// The growing files of a run.
pub struct Log {
    events: Growing,
    metrics: Growing,
}

impl Log {
    /// Opens the files in the folder `run` and cuts them to `sizes`.
    ///
    /// # Errors
    /// If they cannot be opened, or are shorter than the checkpoint says.
    pub fn open(run: &Path, sizes: Files) -> Result<Self> {
        let log = Self {
            events: Growing::open(run.join("events.jsonl"), sizes.events)?,
            metrics: Growing::open(run.join("metrics.csv"), sizes.metrics)?,
        };
        // No checkpoint may outlast a loss of power that a file with its lines does not.
        sync_folder(run)?;
        Ok(log)
    }

    /// The sizes of the files, all lines flushed to the disk.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn sizes(&self) -> Result<Files> {
        Ok(Files { events: self.events.durable_size()?, metrics: self.metrics.durable_size()? })
    }

    /// Flushes all lines to the disk.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn flush(&self) -> Result<()> {
        self.sizes().map(drop)
    }

    fn csv(&mut self, epoch: &Epoch) -> Result<()> {
        let names = epoch.metrics.iter().map(|(name, _)| name.as_str());
        let header: Vec<&str> = ["epoch", "step"]
            .into_iter()
            .chain(names)
            .chain(["learning_rate", "seconds", "samples_per_second"])
            .collect();
        if self.metrics.size == 0 {
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

impl Observer for Log {
    fn event(&mut self, event: &Event) -> Result<()> {
        #[derive(serde::Serialize)]
        struct Line<'a> {
            v: u32,
            time: f64,
            #[serde(flatten)]
            event: &'a Event,
        }
        let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
        let line = serde_json::to_string(&Line { v: VERSION, time, event }).map_err(|error| Error::Io {
            path: self.events.path.clone(),
            action: "write an event",
            source: error.into(),
        })?;
        self.events.line(&line)?;
        if let Event::Epoch(epoch) = event { self.csv(epoch) } else { Ok(()) }
    }
}

/// A file that only grows, line by line.
struct Growing {
    path: PathBuf,
    file: File,
    size: u64,
}

impl Growing {
    fn open(path: PathBuf, size: u64) -> Result<Self> {
        require_regular(&path)?;
        let found = std::fs::metadata(&path).map_or(0, |facts| facts.len());
        if found < size {
            let message = format!(
                "has {found} bytes, and the checkpoint knew {size}: lines are lost; \
                 put the whole file back, or start a new run"
            );
            return Err(Error::checkpoint(&path, message));
        }
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

    fn line(&mut self, text: &str) -> Result<()> {
        let line = format!("{text}\n");
        self.file.write_all(line.as_bytes()).map_err(Error::io(&self.path, "write a line"))?;
        self.size += line.len() as u64;
        Ok(())
    }

    fn durable_size(&self) -> Result<u64> {
        self.file.sync_data().map_err(Error::io(&self.path, "flush it to the disk"))?;
        Ok(self.size)
    }
}
