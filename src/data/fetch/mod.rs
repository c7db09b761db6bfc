//! Data sets from their public mirrors, over HTTPS (feature `fetch`).
//!
//! A file is downloaded as `NAME.part`, which a later process resumes, and renamed once its SHA-256 is the one that
//! [`sources`] lists: neither mirrors nor plain HTTP connections are trusted. A lock serializes processes: the second
//! one waits, and finds the files.

pub mod sources;

#[cfg(feature = "fetch")]
mod archive;
#[cfg(feature = "fetch")]
mod attempts;
#[cfg(feature = "fetch")]
mod client;
#[cfg(feature = "fetch")]
mod download;
#[cfg(feature = "fetch")]
mod failure;
#[cfg(feature = "fetch")]
mod message;
#[cfg(feature = "fetch")]
mod mirrors;
#[cfg(feature = "fetch")]
mod part;
#[cfg(feature = "fetch")]
mod proxy;
#[cfg(feature = "fetch")]
mod redirects;

use std::path::Path;
#[cfg(feature = "fetch")]
use std::time::Duration;

use super::Loading;
use crate::error::Result;
use sources::Source;

/// Whether this build can fetch from mirrors.
pub const AVAILABLE: bool = cfg!(feature = "fetch");

/// Fetches the files of `source` that are missing from `folder`. `mirror`, if given, is tried first.
///
/// # Errors
/// As [`Fetch::into_folder`].
#[cfg(feature = "fetch")]
pub fn fetch(source: &Source, mirror: Option<&str>, loading: &Loading, folder: &Path) -> Result<()> {
    Fetch { source, mirror, patience: Patience::default(), loading }.into_folder(folder)
}

/// Fails: this build cannot fetch.
///
/// # Errors
/// [`Error::Data`](crate::Error::Data), always.
#[cfg(not(feature = "fetch"))]
pub fn fetch(source: &Source, _mirror: Option<&str>, _loading: &Loading, _folder: &Path) -> Result<()> {
    let message = "this build of taper cannot fetch from mirrors; build it with the feature `fetch`";
    Err(crate::error::Error::data(source.name, message))
}

/// A download of a data set.
#[cfg(feature = "fetch")]
#[derive(Clone, Copy, Debug)]
pub struct Fetch<'a> {
    /// The files.
    pub source: &'a Source,
    /// The base address of a mirror that is tried first; it has files such as `mnist/train-images-idx3-ubyte.gz`.
    pub mirror: Option<&'a str>,
    /// Timeouts.
    pub patience: Patience,
    /// Receives the progress, and can stop the download.
    pub loading: &'a Loading,
}

/// Timeouts of connections.
#[cfg(feature = "fetch")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For connecting.
    pub connection: Duration,
    /// For receiving nothing from the server.
    pub silence: Duration,
}

#[cfg(feature = "fetch")]
impl Default for Patience {
    fn default() -> Self {
        Self { connection: Duration::from_secs(15), silence: Duration::from_secs(30) }
    }
}

#[cfg(feature = "fetch")]
impl Fetch<'_> {
    /// Fetches the files that are missing from `folder`.
    ///
    /// # Errors
    /// [`Error::Missing`](crate::Error::Missing) if no mirror has a file, with the reason for each;
    /// [`Error::Data`](crate::Error::Data) if a different file has its name;
    /// [`Error::Usage`](crate::Error::Usage) if `mirror` is not an address; [`Error::Io`](crate::Error::Io)
    /// if a file cannot be written; [`Error::StoppedReading`](crate::Error::StoppedReading) after a signal,
    /// after which the next call continues.
    pub fn into_folder(self, folder: &Path) -> Result<()> {
        download::download(&self, folder)
    }
}
