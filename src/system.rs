//! Differences between operating systems, and what taper guarantees on each.
//!
//! | | Linux | macOS | Windows |
//! | --- | --- | --- | --- |
//! | a file is replaced as a whole | `rename` | `rename` | `MoveFileEx` with replacement |
//! | names survive a power failure | the folder is flushed | the folder is flushed, as far as `F_FULLFSYNC` reaches | left to NTFS, which journals them |
//! | two trainings never share a run folder | `flock` | `flock` | `LockFileEx` |
//! | stopped with a checkpoint by | SIGINT, SIGTERM, SIGHUP | SIGINT, SIGTERM, SIGHUP | Ctrl-C |
//! | `--threads` limits candle's own threads | yes | yes | no: set `CANDLE_NUM_THREADS` |
//! | `taper bench` sees other processes | yes | no | no |
//!
//! The proofs in `docs/trust` were run on Linux. For the other systems, the nightly checks only compile the
//! code.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::{flush_folder, host_name, quoted};
#[cfg(windows)]
pub use windows::{flush_folder, host_name, quoted};
