//! Downloads a file from one address: resumes after a lost connection, and starts again if the part is wrong.

use std::path::Path;

use super::client::{Client, Piece};
use super::message::{Answer, Request};
use super::part::Part;
use super::sources::RemoteFile;
use crate::data::{Loading, LoadingReport, Unit};
use crate::error::Result;

/// The maximum number of requests to one address, as long as each of them makes progress.
const MOST_ATTEMPTS: usize = 10;

/// A file and the part that it is downloaded into.
pub struct Attempts<'a> {
    pub file: &'a RemoteFile,
    /// The final name of the file.
    pub path: &'a Path,
    pub client: &'a Client,
    pub loading: &'a Loading,
    pub part: &'a mut Part,
}

/// How one request ended.
enum Ended {
    /// The file is complete.
    Complete,
    /// The connection was lost.
    Broken(String),
    /// Another request would fail in the same way.
    Refused(String),
}

impl RemoteFile {
    /// The maximum number of bytes that are accepted: the length of the original, or more if a recompressed
    /// copy is accepted.
    #[must_use]
    pub fn most(&self) -> u64 {
        self.content.as_ref().map_or(self.length, |_| 2 * self.length)
    }
}

impl Attempts<'_> {
    /// Completes the part from `address`. The inner error is the reason for a failure.
    ///
    /// # Errors
    /// If the part cannot be written or read, or after a signal.
    pub fn run(mut self, address: &str) -> Result<Result<(), String>> {
        let (mut version, mut was_restarted, mut last) = (None, false, String::new());
        for _ in 0..MOST_ATTEMPTS {
            let from = self.part.length();
            let ended = self.request(address, from, &mut version)?;
            match ended {
                Ended::Complete if self.part.is(self.file, self.loading)? => return Ok(Ok(())),
                Ended::Complete => {
                    self.part.clear()?;
                    // The beginning may have come from a different file.
                    if from == 0 || was_restarted {
                        return Ok(Err("its SHA-256 differs".to_owned()));
                    }
                    was_restarted = true;
                }
                Ended::Broken(reason) if self.part.length() > from => last = reason,
                Ended::Broken(reason) | Ended::Refused(reason) => return Ok(Err(reason)),
            }
        }
        Ok(Err(last))
    }

    /// Requests the bytes after the first `from`, of this `version` if the server named one.
    fn request(&mut self, address: &str, from: u64, version: &mut Option<String>) -> Result<Ended> {
        // Only its checksum is left to be verified.
        if from == self.file.length && self.file.content.is_none() {
            return Ok(Ended::Complete);
        }
        let request = Request { address: address.to_owned(), from, version: version.clone() };
        let transfer = self.client.send(request);
        let mut total = self.file.content.is_none().then_some(self.file.length);
        loop {
            match transfer.next(self.loading)? {
                Piece::Answer(answer) => {
                    if let Some(ended) = self.begin(&answer, from)? {
                        return Ok(ended);
                    }
                    total = answer.length.map(|length| self.part.length() + length).or(total);
                    if let Some(total) = total.filter(|total| !self.accepts(*total)) {
                        let message = format!("has a file of {total} bytes, not {}", self.file.length);
                        return Ok(Ended::Refused(message));
                    }
                    *version = answer.version;
                }
                Piece::Bytes(bytes) => {
                    if self.part.length() + bytes.len() as u64 > self.file.most() {
                        self.part.clear()?;
                        return Ok(Ended::Refused(format!("sends more than {} bytes", self.file.most())));
                    }
                    self.part.append(&bytes)?;
                    self.report(total)?;
                }
                Piece::End(end) => return Ok(self.end(end, total)),
            }
        }
    }

    /// Prepares the part for the content that follows `answer`, or ends the request.
    fn begin(&mut self, answer: &Answer, from: u64) -> Result<Option<Ended>> {
        match answer.code {
            // The server sends all of it: it supports no ranges, or the file has changed.
            200 => self.part.clear().map(|()| None),
            206 if from > 0 && answer.from == Some(from) => Ok(None),
            206 => Ok(Some(Ended::Refused("sent a range that was not requested".to_owned()))),
            // Nothing follows.
            416 if from > 0 => Ok(Some(Ended::Complete)),
            _ => Ok(Some(Ended::Refused(answer.status.clone()))),
        }
    }

    /// Whether a file of this length may be the right one.
    fn accepts(&self, length: u64) -> bool {
        length == self.file.length || (self.file.content.is_some() && length <= self.file.most())
    }

    fn report(&self, total: Option<u64>) -> Result<()> {
        let done = self.part.length();
        let total = total.unwrap_or(self.file.length).max(done);
        self.loading.report(LoadingReport { place: self.path, done, total, unit: Unit::Fetched })
    }

    fn end(&self, end: Result<(), String>, total: Option<u64>) -> Ended {
        let done = self.part.length();
        match (end, total) {
            (Ok(()), Some(total)) if done < total => {
                Ended::Broken(format!("connection lost after {done} of {total} bytes"))
            }
            (Ok(()), _) => Ended::Complete,
            (Err(reason), Some(total)) if done > 0 => {
                Ended::Broken(format!("{reason} after {done} of {total} bytes"))
            }
            (Err(reason), _) => Ended::Broken(reason),
        }
    }
}
