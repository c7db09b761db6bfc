//! Linux, macOS and other Unix systems: SIGINT, SIGTERM and SIGHUP.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use taper::interrupt::Interrupt;

use crate::terminal;

/// Installs signal handlers: the first SIGINT, SIGTERM or SIGHUP requests a stop; the second erases the bar and
/// exits at once. An ignored SIGHUP stays ignored, as under `nohup`.
pub fn catch() -> anyhow::Result<Interrupt> {
    let interrupt = Interrupt::default();
    let signals = [SIGINT, SIGTERM, SIGHUP];
    let signals = &signals[..if is_ignored(SIGHUP) { 2 } else { 3 }];
    for &signal in signals {
        signal_hook::flag::register_usize(signal, interrupt.flag(), usize::try_from(signal)?)?;
    }
    let mut signals = Signals::new(signals)?;
    let second = move || {
        if let Some(signal) = signals.forever().nth(1) {
            terminal::clear_at_once();
            signal_hook::low_level::exit(128 + signal);
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(second)?;
    Ok(interrupt)
}

/// Makes a write beyond the file size limit (`ulimit -f`) an ordinary error. By default the system kills the
/// process without a message.
pub fn survive_file_size_limit() {
    let ignored = std::sync::Arc::default();
    if let Err(error) = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, ignored) {
        tracing::debug!("cannot ignore SIGXFSZ: {error}");
    }
}

/// Whether this process was started with `signal` ignored, read from Linux's `/proc`: `sigaction` would need a call
/// that the compiler cannot check.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal - 1) & 1 == 1
}

/// Re-executes the program with an additional environment variable; returns only if that fails.
pub fn restart_with(name: &str, value: &str) -> std::io::Error {
    use std::os::unix::process::CommandExt as _;
    match std::env::current_exe() {
        Ok(program) => {
            std::process::Command::new(program).args(std::env::args_os().skip(1)).env(name, value).exec()
        }
        Err(error) => error,
    }
}
