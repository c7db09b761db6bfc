//! Reads `events.jsonl`, also while it is being written.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::{FILE, Line, VERSION};
use crate::error::{Error, Result};

/// The longest line that is accepted; real ones have a few kilobytes.
const LIMIT: u64 = 1 << 20;

/// The events of a run, in order. A last line without a line break is still being written; reading stops before
/// it.
pub struct Events {
    path: PathBuf,
    lines: BufReader<File>,
    number: usize,
    failed: bool,
}

impl Events {
    /// Opens the events of the run folder `run`.
    ///
    /// # Errors
    /// [`Error::Data`] if there is no such file.
    pub fn open(run: &Path) -> Result<Self> {
        let path = run.join(FILE);
        let (file, _) = crate::files::open(&path)?;
        Ok(Self { path, lines: BufReader::new(file), number: 0, failed: false })
    }

    fn read(&mut self) -> Result<Option<Line>> {
        let mut text = Vec::new();
        let mut limited = std::io::Read::take(&mut self.lines, LIMIT);
        limited.read_until(b'\n', &mut text).map_err(Error::io(&self.path, "read it"))?;
        self.number += 1;
        let wrong = |what: String| Error::data(&self.path, format!("line {}: {what}", self.number));
        if text.pop() != Some(b'\n') {
            let whole = (text.len() as u64) < LIMIT - 1;
            return if whole { Ok(None) } else { Err(wrong("too long for an event".to_owned())) };
        }
        match serde_json::from_slice::<Line>(&text) {
            Ok(line) if line.v <= VERSION => Ok(Some(line)),
            Ok(Line { v, .. }) => Err(wrong(newer(v))),
            Err(error) => {
                // Lines of a newer version may have a different form.
                let version = serde_json::from_slice::<serde_json::Value>(&text);
                let version = version.ok().and_then(|line| line["v"].as_u64());
                match version.and_then(|v| u32::try_from(v).ok()).filter(|v| *v > VERSION) {
                    Some(v) => Err(wrong(newer(v))),
                    None => Err(wrong(format!("not an event: {error}"))),
                }
            }
        }
    }
}

fn newer(v: u32) -> String {
    format!("has version {v}, but this version of taper supports versions up to {VERSION}; use a newer taper")
}

impl Iterator for Events {
    type Item = Result<Line>;

    fn next(&mut self) -> Option<Result<Line>> {
        if self.failed {
            return None;
        }
        let line = self.read().transpose();
        self.failed = line.as_ref().is_some_and(Result::is_err);
        line
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Epoch, Event, Metrics};
    use super::*;

    fn events(text: &str) -> Vec<Result<Line>> {
        let run = tempfile::tempdir().unwrap();
        std::fs::write(run.path().join(FILE), text).unwrap();
        Events::open(run.path()).unwrap().collect()
    }

    #[test]
    fn written_events_are_read_back_unchanged() {
        let metrics = Metrics(vec![("train.loss".to_owned(), 0.1 + 0.2), ("a.b".to_owned(), 1e-300)]);
        let written = [
            Event::Start {
                name: "a".to_owned(),
                taper: "0.1.0".to_owned(),
                device: "cpu".to_owned(),
                engine: "fused".to_owned(),
                seed: u64::MAX,
                parameters: 5,
                train_samples: 3,
                validation_samples: 0,
                test_samples: 1,
                init_sha256: Some("ab".to_owned()),
            },
            Event::Step {
                step: 7,
                epoch: 1,
                loss: 1.0 / 3.0,
                learning_rate: 1e-3,
                gradient_norm: Some(0.1),
                penalty: Some(0.5),
            },
            Event::Epoch(Epoch {
                epoch: 1,
                step: 7,
                metrics: metrics.clone(),
                learning_rate: 1e-3,
                seconds: 2.5,
                samples_per_second: 3.25,
            }),
            Event::Checkpoint { step: 7, best: true },
            Event::End { reason: "epochs".to_owned(), step: 7, metrics, seconds: 9.5 },
        ];
        let lines = written.map(|event| Line { v: VERSION, time: 1.5, event });
        let text: String = lines.iter().map(|line| serde_json::to_string(line).unwrap() + "\n").collect();
        let read: Vec<Line> = events(&text).into_iter().map(Result::unwrap).collect();
        assert_eq!(read, lines);
    }

    #[test]
    fn a_value_that_is_not_a_number_is_written_as_null_and_read_back() {
        let text = r#"{"v":1,"time":0.0,"event":"end","reason":"epochs","step":1,"metrics":{"a":null},"seconds":0.0}"#;
        let line = events(&format!("{text}\n")).swap_remove(0).unwrap();
        let Event::End { metrics, .. } = &line.event else { panic!("{line:?}") };
        assert!(metrics.get("a").unwrap().is_nan());
        assert_eq!(serde_json::to_string(&line).unwrap(), text);
    }

    #[test]
    fn a_line_that_is_being_written_is_not_read() {
        let line = r#"{"v":1,"time":0.5,"event":"checkpoint","step":1,"best":false}"#;
        assert_eq!(events(&format!("{line}\n{}", &line[..20])).len(), 1);
        assert_eq!(events(&format!("{line}\n{line}")).len(), 1);
        assert!(events("").is_empty());
    }

    #[test]
    fn damage_and_newer_versions_are_reported_with_their_line() {
        let line = r#"{"v":1,"time":0.5,"event":"checkpoint","step":1,"best":false}"#;
        for (second, words) in [
            (r#"{"v":2,"time":0.5,"event":"sweep","trial":1}"#, "line 2: has version 2"),
            (r#"{"v":2,"time":0.5,"event":"checkpoint","step":1,"best":false}"#, "line 2: has version 2"),
            (r#"{"v":1,"time":0.5,"event":"sweep"}"#, "line 2: not an event"),
            ("\0\0\0", "line 2: not an event"),
        ] {
            let read = events(&format!("{line}\n{second}\n{line}\n"));
            assert_eq!(read.len(), 2, "{second}");
            let error = read[1].as_ref().unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
