//! What asks a command to stop while it reads samples and computes.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::{catch, survive_file_size_limit};
#[cfg(windows)]
pub use windows::{catch, survive_file_size_limit};
