//! Windows: Ctrl-C, and `taskkill` without `/F`.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use taper::interrupt::Interrupt;

/// Installs signal handlers: the first Ctrl-C requests a stop; the second ends the process at once.
pub fn catch() -> anyhow::Result<Interrupt> {
    let interrupt = Interrupt::default();
    for signal in [SIGINT, SIGTERM] {
        // The order matters: the conditional shutdown must see the flag set by an earlier signal only.
        let again = Arc::new(AtomicBool::new(false));
        flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&again))?;
        flag::register(signal, again)?;
        flag::register_usize(signal, interrupt.flag(), usize::try_from(signal)?)?;
    }
    Ok(interrupt)
}

/// Does nothing: Windows has no limit on file sizes.
pub fn survive_file_size_limit() {}

/// Fails: Windows cannot replace a running process.
pub fn restart_with(name: &str, value: &str) -> std::io::Error {
    std::io::Error::other(format!("set {name}={value}"))
}
