//! Writes `events.jsonl` and `metrics.csv` of a run folder.
//!
//! Lines are written as things happen. A resumed run truncates both files to the sizes recorded in its
//! checkpoint, so that in the end they are those of an uninterrupted run.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::Callback;
use super::growing::Growing;
use crate::durable::sync_folder;
use crate::error::Result;
use crate::events::{self, Epoch, Event, Line, VERSION};

/// The file name of the table in a run folder.
pub const METRICS: &str = "metrics.csv";

/// The callback.
pub struct Log {
    events: Growing,
    metrics: Growing,
    /// The first line of the table, written before the first row.
    header: String,
}

impl Log {
    /// Opens the files in the folder `run` and truncates them to `sizes`, or to nothing.
    ///
    /// # Errors
    /// If they cannot be opened, or are shorter than recorded.
    pub fn open(run: &Path, sizes: &BTreeMap<String, u64>) -> Result<Self> {
        let open = |name: &str| Growing::open(run.join(name), sizes.get(name).copied().unwrap_or(0));
        let (events, metrics) = (open(events::FILE)?, open(METRICS)?);
        let log = Self { events, header: metrics.first_line()?, metrics };
        // A file must survive a power failure if a checkpoint that records its size does.
        sync_folder(run)?;
        Ok(log)
    }

    fn csv(&mut self, epoch: &Epoch) -> Result<()> {
        if self.header.is_empty() {
            self.header = header(epoch);
            self.metrics.line(&self.header)?;
        }
        self.metrics.line(&row(epoch, &self.header))
    }
}

/// The first line of `metrics.csv` for the metrics of `epoch`.
pub fn header(epoch: &Epoch) -> String {
    let names = epoch.metrics.iter().map(|(name, _)| name);
    let columns = ["epoch", "step"].into_iter().chain(names);
    columns.chain(["learning_rate", "seconds", "samples_per_second"]).collect::<Vec<_>>().join(",")
}

/// The row of `epoch` under `header`, which may come from an older version with other metrics: those without
/// a column are omitted, and those not measured are left empty.
pub fn row(epoch: &Epoch, header: &str) -> String {
    let value = |column: &str| match column {
        "epoch" => Some(epoch.epoch.to_string()),
        "step" => Some(epoch.step.to_string()),
        "learning_rate" => Some(epoch.learning_rate.to_string()),
        "seconds" => Some(epoch.seconds.to_string()),
        "samples_per_second" => Some(epoch.samples_per_second.to_string()),
        name => epoch.metrics.get(name).map(|value| value.to_string()),
    };
    header.split(',').map(|column| value(column).unwrap_or_default()).collect::<Vec<_>>().join(",")
}

impl Callback for Log {
    fn name(&self) -> &'static str {
        "log"
    }

    fn event(&mut self, event: &Event) -> Result<()> {
        // A resumed run has logged its start already.
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
