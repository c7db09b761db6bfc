//! What is seen while samples are fetched and read.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

use taper::data::{Loading, LoadingReport, Unit};

use super::display::show;
use super::gauge::{Counts, Gauge};
use super::style::{Cadence, Style};
use crate::cli::Common;

/// How much of a name is shown.
const LONGEST_NAME: usize = 30;

/// `loading`, shown on stderr if it takes long.
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
        // A report that comes while another is shown is not missed.
        let gauge = reading.try_lock().ok().and_then(|mut reading| reading.report(&report, Instant::now()));
        if let Some(gauge) = gauge {
            show(style, phase(report.unit), &gauge);
        }
    })
}

/// What is done to what is counted so.
fn phase(unit: Unit) -> &'static str {
    if unit == Unit::Fetched { "fetching" } else { "loading" }
}

struct Reading {
    cadence: Cadence,
    start: Instant,
    /// The place that is read, since when, and how much of it.
    place: PathBuf,
    began: Instant,
    done: u64,
}

impl Reading {
    /// What to show of `report`, if it is time. Of several threads the one that is furthest counts.
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
        let counts = if report.unit == Unit::Images { Counts::Samples } else { Counts::Bytes };
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

/// The end of a path, without what would act on the terminal.
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
