//! Times each kernel of the fused engine alone, on shapes of the configs and of the comparison with the
//! peers.
//!
//! `cargo bench --bench kernels -- [--only TEXT] [--threads N] [--isa avx2]` uses one thread and then all, or N, and
//! prints one JSON object for the machine and one per kernel: the median of rounds of some milliseconds,
//! the operations and bytes of one call, and the roofline limit at the rates of [`roofline`]. Consecutive
//! calls use the same memory, which therefore stays in the caches if it fits.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::expect_used,
    reason = "a benchmark prints, and stops if it cannot run"
)]

mod convolution;
mod dense;
mod values;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;
use taper_kernels::roofline;
use taper_kernels::simd::lanes::Isa;
use taper_kernels::simd::team::Team;

/// The program's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const WARM_UP_CALLS: usize = 5;
const ROUNDS: usize = 31;
const ROUND: Duration = Duration::from_millis(8);

/// The minimum number of bytes that a thread reads to measure its cache, as in `taper bench`.
const SMALLEST_SET: usize = 256 << 10;

/// The code to time, run by a team with an instruction set.
type Call = Box<dyn FnMut(&mut Team, Isa)>;

/// A kernel with its data.
struct Case {
    kernel: &'static str,
    /// The sizes, as text.
    shape: String,
    /// f32 operations, where a multiply-add counts as two; `None` where only bytes count. With 2x2 pooling
    /// all outputs count, although three out of four have a gradient of 0.
    flops: Option<usize>,
    /// Bytes read plus bytes written, each once.
    moved: usize,
    /// The bytes of memory touched.
    memory: usize,
    run: Call,
}

impl Case {
    fn name(&self) -> String {
        format!("{} {}", self.kernel, self.shape)
    }

    /// The memory to measure for a thread's share: the next lower power of two.
    fn set(&self, threads: usize) -> usize {
        let share = (self.memory / threads).max(SMALLEST_SET);
        1 << share.ilog2()
    }
}

fn main() {
    let available = taper::threads::available();
    let (mut only, mut threads) = (String::new(), vec![1, available]);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().expect("a value");
        match argument.as_str() {
            "--only" => only = value(),
            "--threads" => threads = vec![value().parse().expect("a number of threads")],
            "--isa" => assert!(value().parse::<Isa>().expect("an instruction set").choose(), "it is in use"),
            "--bench" => {}
            other => {
                eprintln!("`{other}`: the options are --only TEXT, --threads N and --isa NAME");
                std::process::exit(2);
            }
        }
    }
    threads.dedup();
    let most = threads.iter().copied().max().unwrap_or(1);
    let cases = dense::cases().into_iter().chain(convolution::cases(most)).chain(values::cases());
    let mut cases: Vec<Case> = cases.filter(|case| case.name().contains(&only)).collect();
    if cases.is_empty() {
        eprintln!("no kernel has `{only}` in its name and shape");
        std::process::exit(2);
    }
    let isa = Isa::detect();
    for threads in threads {
        let mut team = Team::new(threads);
        let machine = Machine::measure(isa, &mut team, &cases);
        println!("{}", machine.report(isa, threads));
        for case in &mut cases {
            println!("{}", measure(case, isa, &mut team, &machine));
        }
    }
}

/// The peak rates of the machine.
struct Machine {
    /// Operations per second.
    flops: f64,
    /// Bytes per second, by the number of bytes that each thread reads repeatedly.
    bytes: BTreeMap<usize, f64>,
}

impl Machine {
    fn measure(isa: Isa, team: &mut Team, cases: &[Case]) -> Self {
        let flops = roofline::flops(isa, team);
        let mut bytes = BTreeMap::new();
        for case in cases {
            let set = case.set(team.threads());
            bytes.entry(set).or_insert_with(|| roofline::bytes(isa, team, set));
        }
        // Data that is read from a larger memory could be read from a smaller one.
        let mut best = 0.0;
        for rate in bytes.values_mut().rev() {
            best = rate.max(best);
            *rate = best;
        }
        Self { flops, bytes }
    }

    fn report(&self, isa: Isa, threads: usize) -> serde_json::Value {
        let rates = self.bytes.iter();
        let rates: serde_json::Map<_, _> =
            rates.map(|(set, rate)| (format!("{} KiB", set >> 10), json!(rate / 1e9))).collect();
        json!({
            "machine": std::env::consts::ARCH,
            "isa": format!("{isa:?}"),
            "threads": threads,
            "peak_gflops": self.flops / 1e9,
            "read_gbps_by_set_of_a_thread": rates,
        })
    }

    /// The roofline limits for operations and bytes, in seconds.
    fn floor(&self, case: &Case, threads: usize) -> [f64; 2] {
        let rate = self.bytes.get(&case.set(threads)).copied().unwrap_or(f64::INFINITY);
        [case.flops.unwrap_or(0) as f64 / self.flops, case.moved as f64 / rate]
    }
}

fn measure(case: &mut Case, isa: Isa, team: &mut Team, machine: &Machine) -> serde_json::Value {
    for _ in 0..WARM_UP_CALLS {
        (case.run)(team, isa);
    }
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let (start, mut calls) = (Instant::now(), 0_u32);
        while start.elapsed() < ROUND {
            (case.run)(team, isa);
            calls += 1;
        }
        rounds.push(start.elapsed().as_secs_f64() / f64::from(calls));
    }
    rounds.sort_by(f64::total_cmp);
    let median = rounds[ROUNDS / 2];
    let [by_flops, by_bytes] = machine.floor(case, team.threads());
    let floor = by_flops.max(by_bytes);
    let mut report = json!({
        "kernel": case.kernel,
        "shape": case.shape,
        "threads": team.threads(),
        "us": median * 1e6,
        "fastest_us": rounds[0] * 1e6,
    });
    if let Some(flops) = case.flops {
        report["gflops"] = json!(flops as f64 / median / 1e9);
    }
    report["bytes"] = json!(case.moved);
    report["gbps"] = json!(case.moved as f64 / median / 1e9);
    report["floor_us"] = json!(floor * 1e6);
    report["limit"] = json!(if by_flops >= by_bytes { "operations" } else { "bytes" });
    report["share_of_floor"] = json!(floor / median);
    report
}
