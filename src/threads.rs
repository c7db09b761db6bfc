//! How many CPU threads work. Results do not depend on it, only speed does.

use crate::error::{Error, Result};

/// Starts the worker threads: `threads`, or one for each core that this process may use.
///
/// # Errors
/// If they cannot be started, or were started before with another number.
pub fn configure(threads: Option<usize>) -> Result<()> {
    let threads = threads.unwrap_or_else(available);
    if rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().is_err()
        && rayon::current_num_threads() != threads
    {
        return Err(Error::Usage(format!(
            "cannot start {threads} threads: {} are running already",
            rayon::current_num_threads()
        )));
    }
    Ok(())
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
