//! Repairs logs that differ from what a checkpoint recorded: lost, cut off, rotated or edited. The log is not
//! needed to continue, so the run resumes with what is left of it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use super::log::{METRICS, header, row};
use crate::durable::{require_regular, write_file};
use crate::error::{Error, Result};
use crate::events::{self, Event, Events, Line};
use crate::position::Position;

/// The longest line that is considered; real ones have a few kilobytes.
const LONGEST: u64 = 1 << 20;
/// The largest `metrics.csv` from which rows are recovered.
const LARGEST: u64 = 1 << 28;

/// Makes the logs in the folder `run` fit a run at `position`, and `sizes`, recorded by its checkpoint, fit
/// the logs. Returns warnings, none if no line was lost. The result is the same however often the repair is
/// interrupted and repeated.
///
/// # Errors
/// If an I/O error occurs, or a log's path is not a regular file.
pub fn repair(run: &Path, position: &Position, sizes: &mut BTreeMap<String, u64>) -> Result<Vec<String>> {
    let mut warnings = Vec::new();
    let [events, metrics] = [events::FILE, METRICS].map(|name| run.join(name));
    let is_known = |name: &str, sizes: &BTreeMap<String, u64>| sizes.get(name).copied();
    if let Some(size) = is_known(events::FILE, sizes)
        && !ends_with(&events, size, |line| step_of(line).is_some_and(|step| step <= position.step))?
    {
        let (bytes, lines) = beginning(&events, position.step)?;
        let rest = match lines {
            0 => "starting a new log".to_owned(),
            _ => format!("the log continues after the {lines} remaining lines"),
        };
        warnings.push(format!("{}; {rest}", loss(&events, size)));
        sizes.insert(events::FILE.to_owned(), bytes);
    }
    if let Some(size) = is_known(METRICS, sizes)
        && !ends_with(&metrics, size, |line| epoch_of(line).is_some_and(|epoch| epoch <= position.epoch))?
    {
        let rows = rows(run, position.epoch);
        let (known, all) = (rows.len().saturating_sub(1), position.epoch);
        warnings
            .push(format!("{}; {known} of {all} epochs were recovered from the rest", loss(&metrics, size)));
        let text: String = rows.into_iter().flat_map(|line| [line, "\n".to_owned()]).collect();
        if !text.is_empty() {
            write_file(&metrics, text.as_bytes())?;
        }
        sizes.insert(METRICS.to_owned(), text.len() as u64);
    }
    Ok(warnings)
}

/// What is wrong with the log at `path`, for which a checkpoint recorded `size` bytes.
fn loss(path: &Path, size: u64) -> String {
    let found = std::fs::metadata(path).map(|facts| facts.len());
    let what = match found {
        Err(_) => "the file does not exist".to_owned(),
        Ok(found) if found < size => format!("it has {found} bytes, but the checkpoint recorded {size}"),
        Ok(_) => "its content differs from what the checkpoint recorded".to_owned(),
    };
    format!("{}: lines were lost: {what}", path.display())
}

/// Whether the file has at least `size` bytes, and its last line up to there satisfies `belongs`.
fn ends_with(path: &Path, size: u64, belongs: impl Fn(&[u8]) -> bool) -> Result<bool> {
    require_regular(path)?;
    if size == 0 {
        return Ok(true);
    }
    let Some(mut file) = open(path)? else { return Ok(false) };
    // The size comes from a file that may have been edited, so it may exceed any possible file size.
    if file.metadata().map_err(Error::io(path, "determine its size"))?.len() < size {
        return Ok(false);
    }
    let read = Error::io(path, "read it");
    let start = size.saturating_sub(LONGEST);
    let mut end = Vec::new();
    let found = file.seek(SeekFrom::Start(start)).and_then(|_| file.take(size - start).read_to_end(&mut end));
    if found.map_err(read)? as u64 != size - start || end.pop() != Some(b'\n') {
        return Ok(false);
    }
    let line = end.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok((start == 0 || line.len() < end.len()) && belongs(line))
}

/// The number of bytes and lines at the start of `events.jsonl` that concern steps up to `step`.
fn beginning(path: &Path, step: u64) -> Result<(u64, u64)> {
    let (mut bytes, mut lines) = (0, 0);
    let Some(file) = open(path)? else { return Ok((0, 0)) };
    let mut reader = BufReader::new(file);
    let mut text = Vec::new();
    loop {
        text.clear();
        let read = reader.by_ref().take(LONGEST).read_until(b'\n', &mut text);
        let length = read.map_err(Error::io(path, "read it"))? as u64;
        if text.pop() != Some(b'\n') || step_of(&text).is_none_or(|own| own > step) {
            return Ok((bytes, lines));
        }
        (bytes, lines) = (bytes + length, lines + 1);
    }
}

/// The rows of `metrics.csv` up to `epoch`: rewritten from `events.jsonl`, or else those that remain.
fn rows(run: &Path, epoch: u64) -> Vec<String> {
    let mut first = None;
    let mut rows = BTreeMap::new();
    for line in Events::open(run).into_iter().flatten().map_while(Result::ok) {
        if let Event::Epoch(own) = line.event
            && own.epoch <= epoch
        {
            let header = first.get_or_insert_with(|| header(&own));
            rows.entry(own.epoch).or_insert_with(|| row(&own, header));
        }
    }
    let left = crate::files::read(&run.join(METRICS), LARGEST).unwrap_or_default();
    let left = String::from_utf8_lossy(&left);
    // A last line without a line break may be incomplete.
    let mut lines = left.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
    if let Some(header) = lines.next().filter(|line| line.starts_with("epoch,step,"))
        && *first.get_or_insert_with(|| header.to_owned()) == header
    {
        let columns = header.split(',').count();
        for line in lines.filter(|line| line.split(',').count() == columns) {
            if let Some(own) = epoch_of(line.as_bytes()).filter(|own| (1..=epoch).contains(own)) {
                rows.entry(own).or_insert_with(|| line.to_owned());
            }
        }
    }
    if rows.is_empty() { Vec::new() } else { first.into_iter().chain(rows.into_values()).collect() }
}

/// The step that a line of `events.jsonl` concerns; the start of a run is step 0.
fn step_of(line: &[u8]) -> Option<u64> {
    Some(match serde_json::from_slice::<Line>(line).ok()?.event {
        Event::Start { .. } => 0,
        Event::Step { step, .. } | Event::Checkpoint { step, .. } | Event::End { step, .. } => step,
        Event::Epoch(epoch) => epoch.step,
    })
}

/// The epoch of a line of `metrics.csv`.
fn epoch_of(line: &[u8]) -> Option<u64> {
    let first = line.split(|byte| *byte == b',').next()?;
    str::from_utf8(first).ok()?.parse().ok()
}

fn open(path: &Path) -> Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(path, "open it")(error)),
    }
}
