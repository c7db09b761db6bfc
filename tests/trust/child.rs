//! Runs the program with limits on its time and memory.

use std::io::Read;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::workspace::{Outcome, Workspace};

/// A program that takes longer is considered to hang. Most runs here take about 50 ms.
const LONGEST: Duration = Duration::from_secs(30);
/// The memory of the program itself: 64 MiB, and more in a debug build.
pub const OWN_MEMORY: u64 = if cfg!(debug_assertions) { 96 << 20 } else { 64 << 20 };

/// The result of a watched run.
pub struct Watched {
    pub outcome: Outcome,
    /// The peak memory usage in bytes, as last sampled a few milliseconds before the end.
    pub peak: u64,
}

impl Watched {
    /// Asserts that it refused in one line on stderr (three for a missing data set) with this exit code,
    /// printed nothing and stayed within the memory limit for inputs of `bytes` bytes. Returns the lines.
    pub fn refused(&self, name: &str, code: i32, bytes: usize) -> String {
        let Outcome { code: found, stdout, .. } = &self.outcome;
        let messages = self.outcome.messages();
        assert_eq!(*found, code, "{name}: {messages}");
        let lines = if messages.contains(": not found: ") { 3 } else { 1 };
        assert_eq!(messages.lines().count(), lines, "{name}: {messages}");
        assert!(messages.starts_with("error: "), "{name}: {messages}");
        assert!(messages.len() < 4000, "{name}: a message of {} bytes", messages.len());
        assert_eq!(stdout, "", "{name}");
        let most = OWN_MEMORY + 4 * bytes as u64;
        assert!(self.peak <= most, "{name}: {} bytes of memory; at most {most} are allowed", self.peak);
        messages
    }
}

/// Runs the program in `workspace` and watches it.
pub fn watch(workspace: &Workspace, arguments: &[&str]) -> Watched {
    let mut command = workspace.command(arguments);
    let start = Instant::now();
    let mut child = piped(&mut command).spawn().expect("the program starts");
    let stdout = collect(child.stdout.take().expect("a pipe"));
    let stderr = collect(child.stderr.take().expect("a pipe"));
    let mut peak = 0;
    let status = loop {
        peak = peak.max(peak_memory(child.id()));
        if let Some(status) = child.try_wait().expect("it is a child") {
            break status;
        }
        if start.elapsed() > LONGEST {
            child.kill().expect("it is a child");
            child.wait().expect("it is a child");
            panic!("{arguments:?} hangs");
        }
        thread::sleep(Duration::from_millis(1));
    };
    let text = |thread: thread::JoinHandle<Vec<u8>>| thread.join().expect("what it wrote");
    let outcome = Outcome::of(Output { status, stdout: text(stdout), stderr: text(stderr) });
    Watched { outcome, peak }
}

fn piped(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped())
}

fn collect(mut from: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).expect("what it wrote");
        bytes
    })
}

/// The peak memory usage of a running process in bytes; 0 if the system does not report it.
fn peak_memory(process: u32) -> u64 {
    // Right after its start, a child still has the memory of this process.
    let program = std::fs::read_link(format!("/proc/{process}/exe"));
    if program.is_ok_and(|program| std::env::current_exe().is_ok_and(|own| own == program)) {
        return 0;
    }
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse::<u64>().ok()).unwrap_or(0) << 10
}

#[test]
fn memory_is_measured() {
    let workspace = Workspace::new();
    // Not `check`: it takes a few milliseconds, and on a busy machine ends before it is first looked at.
    let watched = watch(&workspace, &["train", "--config", "digits_cnn", "--set", "train.epochs=3"]);
    assert_eq!(watched.outcome.code, 0, "{}", watched.outcome.stderr);
    if cfg!(target_os = "linux") {
        assert!((1 << 20..256 << 20).contains(&watched.peak), "{} bytes", watched.peak);
    }
}
