//! Windows: Ctrl-C, and `taskkill` without `/F` of a console program.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use taper::interrupt::Interrupt;

/// The first Ctrl-C asks the run to stop, the second ends the process at once.
pub fn catch() -> anyhow::Result<Interrupt> {
    let interrupt = Interrupt::default();
    for signal in [SIGINT, SIGTERM] {
        // In this order: the second signal finds what the first has set.
        let again = Arc::new(AtomicBool::new(false));
        flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&again))?;
        flag::register(signal, again)?;
        flag::register_usize(signal, interrupt.flag(), usize::try_from(signal)?)?;
    }
    Ok(interrupt)
}

/// Nothing: Windows has no limit on file sizes.
pub fn survive_file_size_limit() {}

/// Windows cannot replace a process.
pub fn restart_with(name: &str, value: &str) -> std::io::Error {
    std::io::Error::other(format!("set {name}={value}"))
}
