//! How many CPU threads work. Results do not depend on it, only speed does.
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

/// Starts the worker threads: `threads`, or one for each core that this process may use.
///
/// # Errors
/// If they cannot be started, or were started before with another number.
pub fn configure(threads: Option<usize>) -> Result<()> {
    let threads = threads.unwrap_or_else(available);
    let Err(error) = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global() else {
        return Ok(());
    };
    if let Some(source) = std::error::Error::source(&error) {
        // Rayon tries once only: whatever asked it for work from here on would panic.
        return Err(Error::Threads { threads, reason: source.to_string() });
    }
    match count() {
        running if running == threads => Ok(()),
        running => {
            Err(Error::Usage(format!("cannot start {threads} threads: {running} are running already")))
        }
    }
}

/// The cores that this process may use.
#[must_use]
pub fn available() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The worker threads that run.
#[must_use]
pub fn count() -> usize {
    rayon::current_num_threads()
}
