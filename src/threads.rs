//! The number of CPU threads. It affects speed, not results.
//!
//! ```
//! use taper::threads::{available, configure, count};
//!
//! # fn main() -> taper::Result<()> {
//! configure(None)?;
//! assert_eq!(count(), available());
//! # Ok(())
//! # }
//! ```

use crate::error::{Error, Result};

/// Starts the worker threads: `threads`, or one per core available to this process.
///
/// # Errors
/// If they cannot be started, or were started before with a different number.
pub fn configure(threads: Option<usize>) -> Result<()> {
    let threads = threads.unwrap_or_else(available);
    let Err(error) = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global() else {
        return Ok(());
    };
    if let Some(source) = std::error::Error::source(&error) {
        // Rayon tries only once: any later use of it would panic.
        return Err(Error::Threads { threads, reason: source.to_string() });
    }
    match count() {
        running if running == threads => Ok(()),
        running => {
            Err(Error::Usage(format!("cannot start {threads} threads: {running} are already running")))
        }
    }
}

/// The number of cores available to this process.
#[must_use]
pub fn available() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The number of running worker threads.
#[must_use]
pub fn count() -> usize {
    rayon::current_num_threads()
}
