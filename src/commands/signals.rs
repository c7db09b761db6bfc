//! SIGINT, SIGTERM and SIGHUP while reading samples and computing.

use taper::interrupt::Interrupt;

/// The first SIGINT, SIGTERM or SIGHUP asks the run to stop, the second ends the process at once.
/// SIGHUP stays ignored where it is, as under `nohup`.
pub fn catch() -> anyhow::Result<Interrupt> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    let interrupt = Interrupt::default();
    let again = Arc::new(AtomicBool::new(false));
    let signals = [SIGINT, SIGTERM, SIGHUP];
    let signals = &signals[..if is_ignored(SIGHUP) { 2 } else { 3 }];
    for &signal in signals {
        signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&again))?;
        signal_hook::flag::register_usize(signal, interrupt.flag(), usize::try_from(signal)?)?;
    }
    // Only after all of the above: the first signal of any kind arms the shutdown.
    for &signal in signals {
        signal_hook::flag::register(signal, Arc::clone(&again))?;
    }
    Ok(interrupt)
}

/// Makes a write beyond the limit on file sizes (`ulimit -f`) an error like any other. Without this the
/// system ends the process without a word.
pub fn survive_file_size_limit() {
    let ignored = std::sync::Arc::default();
    if let Err(error) = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, ignored) {
        tracing::debug!("SIGXFSZ stays as it is: {error}");
    }
}

/// Whether this process was started with `signal` ignored. Linux says so in `/proc`; asking the
/// system itself is a call without Rust's guarantees.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal - 1) & 1 == 1
}
