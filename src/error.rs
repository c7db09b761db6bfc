//! The error type of the library; each kind of error has an exit code.
//!
//! ```
//! let Err(error) = taper::Model::load("runs/none") else { panic!("there is no such run") };
//! assert!(matches!(error, taper::Error::Checkpoint { .. }));
//! assert_eq!(error.exit_code(), 4);
//! ```

use std::path::{Path, PathBuf};

use crate::config::Diagnostics;

/// The library's errors, grouped by who can fix the cause.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The config is invalid; nothing has been opened or allocated.
    #[error("{0}")]
    Config(Box<Diagnostics>),
    /// A command was used incorrectly in a way that the command-line parser cannot detect.
    #[error("{0}")]
    Usage(String),
    /// A data file is missing or damaged, or does not match the config.
    #[error("{}: {message}", place.display())]
    Data {
        /// The file, folder or data set.
        place: PathBuf,
        /// What is wrong with it and what to do.
        message: String,
    },
    /// A data set is not on disk and cannot be downloaded.
    #[error("{}: {message}{}", place.display(), listed(details))]
    Missing {
        /// The data set.
        place: PathBuf,
        /// What is missing.
        message: String,
        /// The places that were searched, and what to do: one line each.
        details: Vec<String>,
    },
    /// A checkpoint is missing or damaged, or belongs to a different model.
    #[error("{}: {message}", place.display())]
    Checkpoint {
        /// The checkpoint's folder or file.
        place: PathBuf,
        /// What is wrong with it and what to do.
        message: String,
    },
    /// The loss became infinite or NaN; the weights were not updated with it.
    #[error(
        "training diverged: the loss is {loss} at step {step} (epoch {epoch}); lower the learning rate or check the data"
    )]
    Diverged {
        /// The loss, infinite or NaN.
        loss: f64,
        /// The step that produced it, counted from 1.
        step: u64,
        /// Its epoch, counted from 1.
        epoch: u64,
    },
    /// A weight became infinite or NaN; it never replaces a good checkpoint.
    #[error(
        "training diverged: `{name}` contains {value} after step {step}; the last good checkpoint is kept; lower the learning rate or check the data"
    )]
    NotFinite {
        /// The parameter or the optimizer's state.
        name: String,
        /// The value, infinite or NaN.
        value: f64,
        /// The step that produced it, counted from 1.
        step: u64,
    },
    /// A condition of `[gate]` does not hold at the end of the run.
    #[error("gate failed: {0}")]
    Gate(String),
    /// A measurement was disturbed too much to be conclusive.
    #[error("inconclusive: {0}")]
    Inconclusive(String),
    /// Another process is training in the run folder.
    #[error("{}: another taper process is using this run folder; wait for it or choose another --run-dir", .0.display())]
    Locked(PathBuf),
    /// Stopped by a signal, after a checkpoint was written.
    #[error("stopped by {}", signal_name(*.0))]
    Interrupted(i32),
    /// Stopped by a signal while reading the data; the run had not started.
    #[error("stopped by {} while reading the data", signal_name(*.0))]
    StoppedReading(i32),
    /// The operating system refused a file operation.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What failed, to follow "cannot".
        action: &'static str,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// The run folder cannot store the files of the run.
    #[error("{}: {message}", run.display())]
    Unwritable {
        /// The run folder.
        run: PathBuf,
        /// The reason and what to do.
        message: String,
    },
    /// The operating system refused to start threads.
    #[error(
        "cannot start {threads} threads: {reason}; raise the process limit of this user, or lower --threads"
    )]
    Threads {
        /// The requested number of threads.
        threads: usize,
        /// The operating system's reason.
        reason: String,
    },
    /// A server cannot listen on its address.
    #[error("{0}")]
    Listen(String),
    /// candle failed to perform an operation.
    #[error("tensor operation failed: {0}")]
    Tensor(#[from] candle_core::Error),
}

/// The library's result type.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A data error about `place`.
    pub fn data(place: impl AsRef<Path>, message: impl Into<String>) -> Self {
        Self::Data { place: place.as_ref().to_path_buf(), message: message.into() }
    }

    /// This data error as a checkpoint error.
    #[must_use]
    pub fn of_checkpoint(self) -> Self {
        match self {
            Self::Data { place, message } => Self::Checkpoint { place, message },
            other => other,
        }
    }

    /// This data error as a usage error, about a file that a flag or a config names.
    #[must_use]
    pub fn of_usage(self) -> Self {
        match self {
            Self::Data { .. } => Self::Usage(self.to_string()),
            other => other,
        }
    }

    /// A checkpoint error about `place`.
    pub fn checkpoint(place: impl AsRef<Path>, message: impl Into<String>) -> Self {
        Self::Checkpoint { place: place.as_ref().to_path_buf(), message: message.into() }
    }

    /// Adds the file and the action to an [`std::io::Error`], for use in `map_err`.
    pub fn io(path: impl AsRef<Path>, action: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |source| Self::Io { path, action, source }
    }

    /// The process exit code for this error.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Io { .. }
            | Self::Unwritable { .. }
            | Self::Threads { .. }
            | Self::Listen(_)
            | Self::Tensor(_) => 1,
            Self::Config(_) | Self::Usage(_) => 2,
            Self::Data { .. } | Self::Missing { .. } => 3,
            Self::Checkpoint { .. } => 4,
            Self::Diverged { .. } | Self::NotFinite { .. } => 5,
            Self::Gate(_) => 6,
            Self::Locked(_) => 7,
            Self::Inconclusive(_) => 9,
            Self::Interrupted(signal) | Self::StoppedReading(signal) => {
                128_u8.saturating_add(u8::try_from(*signal).unwrap_or(0))
            }
        }
    }
}

/// `details` as the continuation of a sentence.
fn listed(details: &[String]) -> String {
    details.iter().flat_map(|detail| ["; ", detail]).collect()
}

fn signal_name(signal: i32) -> &'static str {
    match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        15 => "SIGTERM",
        _ => "a signal",
    }
}
