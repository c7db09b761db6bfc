//! The progress display while samples are downloaded and read.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

use taper::data::{Loading, LoadingReport, Unit};

use super::display::show;
use super::gauge::{Counts, Gauge};
use super::style::{Cadence, Style};
use crate::cli::Common;

/// The maximum number of characters of a name that are shown.
const LONGEST_NAME: usize = 30;

/// Adds a progress display on stderr to `loading`, which appears if it takes long.
pub fn shown(common: &Common, loading: Loading) -> Loading {
    let (style, now) = (Style::new(common), Instant::now());
    if style == Style::Nothing {
        return loading;
    }
    let reading = Reading {
        cadence: Cadence::patient(style, now),
        start: now,
        began: now,
        place: PathBuf::new(),
        done: 0,
    };
    let reading = Mutex::new(reading);
    loading.observed_by(move |report| {
        // A report that arrives while another is being shown can be dropped.
        let gauge = reading.try_lock().ok().and_then(|mut reading| reading.report(&report, Instant::now()));
        if let Some(gauge) = gauge {
            show(style, phase(report.unit), &gauge);
        }
    })
}

/// The phase for progress in this unit.
fn phase(unit: Unit) -> &'static str {
    if unit == Unit::Fetched { "fetching" } else { "loading" }
}

struct Reading {
    cadence: Cadence,
    start: Instant,
    /// The place being read, the time at which reading it began, and the amount done.
    place: PathBuf,
    began: Instant,
    done: u64,
}

impl Reading {
    /// The gauge to show for `report`, if one is due. With several threads, the highest amount reported so far counts.
    fn report(&mut self, report: &LoadingReport<'_>, now: Instant) -> Option<Gauge> {
        if self.place != report.place {
            (self.place, self.began, self.done) = (report.place.to_path_buf(), now, 0);
        }
        self.done = self.done.max(report.done);
        if !self.cadence.is_due(now) {
            return None;
        }
        let seconds = now.saturating_duration_since(self.began).as_secs_f64();
        let speed = (self.done > 0 && seconds > 0.0).then(|| self.done as f64 / seconds);
        let counts = if report.unit == Unit::Samples { Counts::Samples } else { Counts::Bytes };
        Some(Gauge {
            label: format!("{} {}", phase(report.unit), name(report.place)),
            epoch: None,
            counts: Some(counts),
            done: self.done,
            total: report.total,
            loss: None,
            accuracy: None,
            speed: None,
            left: speed.map(|speed| report.total.saturating_sub(self.done) as f64 / speed),
            run_left: None,
            elapsed: now.saturating_duration_since(self.start).as_secs_f64(),
        })
    }
}

/// The last part of a path, with control characters replaced.
fn name(place: &Path) -> String {
    let name = place
        .file_name()
        .map_or_else(|| place.display().to_string(), |name| name.to_string_lossy().into_owned());
    let name = name.replace(char::is_control, "\u{fffd}");
    if name.chars().count() <= LONGEST_NAME {
        return name;
    }
    name.chars().take(LONGEST_NAME - 1).chain(['…']).collect()
}
