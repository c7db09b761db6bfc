//! What every Prometheus client reports about its process, from `/proc`.

use std::fs;
use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The name, the type, the description and the value of each metric; none where there is no `/proc`.
#[must_use]
pub fn numbers(started: Instant) -> Vec<(&'static str, &'static str, &'static str, f64)> {
    let read = |name: &str| fs::read_to_string(format!("/proc/self/{name}"));
    let (Ok(stat), Ok(status)) = (read("stat"), read("status")) else { return Vec::new() };
    let limits = read("limits").unwrap_or_default();
    // The name of the program, in parentheses, may have spaces.
    let fields: Vec<&str> =
        stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect()).unwrap_or_default();
    let field = |at: usize| fields.get(at).and_then(|text| text.parse().ok()).unwrap_or(0.0);
    let files = fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    // Linux reports hundredths of a second here, whatever its own tick rate.
    let cpu = (field(11) + field(12)) / 100.0;
    let bytes = |label: &str| 1024.0 * labeled(&status, label);
    vec![
        ("process_cpu_seconds_total", "counter", "CPU time.", cpu),
        ("process_resident_memory_bytes", "gauge", "Memory in use.", bytes("VmRSS:")),
        ("process_virtual_memory_bytes", "gauge", "Address space in use.", bytes("VmSize:")),
        ("process_threads", "gauge", "Threads.", labeled(&status, "Threads:")),
        ("process_open_fds", "gauge", "Open files.", files as f64),
        ("process_max_fds", "gauge", "The maximum number of open files.", labeled(&limits, "Max open files")),
        ("process_start_time_seconds", "gauge", "When the process started.", start_time(started)),
    ]
}

/// The number after `label`, at the beginning of a line; 0 without one.
fn labeled(text: &str, label: &str) -> f64 {
    let found = text.lines().find_map(|line| line.strip_prefix(label));
    found.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0.0)
}

/// When the server started, in seconds since 1970. It stays the same when the clock is set, which would
/// otherwise look like a restart.
fn start_time(started: Instant) -> f64 {
    static START: OnceLock<f64> = OnceLock::new();
    *START.get_or_init(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        (now.as_secs_f64() - started.elapsed().as_secs_f64()).round()
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_time_memory_files_and_limits() {
        let numbers = numbers(Instant::now());
        let value = |name: &str| numbers.iter().find(|number| number.0 == name).unwrap().3;
        assert!(value("process_resident_memory_bytes") > 1e6, "{numbers:?}");
        assert!(value("process_virtual_memory_bytes") >= value("process_resident_memory_bytes"));
        assert!(value("process_threads") >= 1.0 && value("process_open_fds") >= 3.0);
        assert!(value("process_max_fds") > value("process_open_fds"));
        assert!(value("process_start_time_seconds") > 1.7e9);
    }

    #[test]
    fn a_number_without_its_label_is_zero() {
        assert_eq!(labeled("VmRSS:\t  1234 kB\n", "VmRSS:"), 1234.0);
        assert_eq!(labeled("Max open files  unlimited\n", "Max open files"), 0.0);
        assert_eq!(labeled("", "VmRSS:"), 0.0);
    }
}
