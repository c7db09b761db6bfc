//! System-dependent parts of the program: signals, and a restart with another environment.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::{catch, restart_with, survive_file_size_limit};
#[cfg(windows)]
pub use windows::{catch, restart_with, survive_file_size_limit};
