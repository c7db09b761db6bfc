//! CPU time and memory of processes, from Linux's `/proc`.

use std::collections::HashMap;
use std::fs;

/// Ticks of the clock in `/proc`, which are 10 ms on Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// A process and all that descend from it.
pub struct Tree {
    processes: Vec<u32>,
}

/// What a process has used until now.
#[derive(Clone, Copy, Default)]
pub struct Used {
    pub cpu_seconds: f64,
    /// The resident memory in MiB, in which memory that processes share counts for each of them.
    pub rss_mib: f64,
    /// The same with shared memory divided among those that share it.
    pub pss_mib: f64,
}

impl Tree {
    /// The processes as they are now.
    pub fn of(root: u32) -> Self {
        let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
        for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let number = process.file_name().to_str().and_then(|name| name.parse().ok());
            let Some(number) = number else { continue };
            if let Some(parent) = stat(number).get(1).and_then(|parent| parent.parse().ok()) {
                children.entry(parent).or_default().push(number);
            }
        }
        let mut processes = vec![root];
        let mut at = 0;
        while at < processes.len() {
            processes.extend(children.remove(&processes[at]).unwrap_or_default());
            at += 1;
        }
        Self { processes }
    }

    /// This program without what it has started.
    pub fn of_this_program() -> Self {
        Self { processes: vec![std::process::id()] }
    }

    pub fn count(&self) -> usize {
        self.processes.len()
    }

    /// The sums over all processes, with the time of children that have ended.
    pub fn used(&self) -> Used {
        let mut sum = Used::default();
        for process in &self.processes {
            let fields = stat(*process);
            let ticks =
                fields.get(11..15).unwrap_or(&[]).iter().filter_map(|field| field.parse::<f64>().ok());
            sum.cpu_seconds += ticks.sum::<f64>() / TICKS_PER_SECOND;
            let memory = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
            sum.rss_mib += mebibytes(&memory, "Rss:");
            sum.pss_mib += mebibytes(&memory, "Pss:");
        }
        (sum.rss_mib, sum.pss_mib) = (tenths(sum.rss_mib), tenths(sum.pss_mib));
        sum
    }
}

/// The CPU time of all processes of the machine.
pub fn busy_seconds() -> f64 {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let fields: Vec<f64> =
        text.lines().next().unwrap_or("").split_whitespace().filter_map(|field| field.parse().ok()).collect();
    // Without the time that the machine was idle or waited for a disk.
    let busy: f64 = fields.iter().take(8).sum::<f64>() - fields.iter().skip(3).take(2).sum::<f64>();
    busy / TICKS_PER_SECOND
}

/// The fields of a process after its name: its state, its parent and so on.
fn stat(process: u32) -> Vec<String> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields = text.rsplit(')').next().unwrap_or("").split_whitespace();
    fields.map(str::to_owned).collect()
}

fn mebibytes(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0");
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1024.0
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
