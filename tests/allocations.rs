//! A training step of the fused engine reuses the memory of the first steps. In a separate binary, because
//! the counting allocator applies to the whole process.
#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use candle_core::{DType, Device};
use taper::config::{Input, Problems};
use taper::experiment::Experiment;
use taper::internals::data::{Batch, BatchTargets, Features, Samples, Scaling, Target};
use taper::internals::engine::{Engine, Fused, SharedTeam, compile};
use taper::internals::presets;
use taper::network::Parameters;
use taper::random::{Purpose, Stream};

/// The system's allocator; counts all allocations of all threads while [`COUNTING`].
struct Counting;

static COUNTING: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

fn count(bytes: usize) {
    if COUNTING.load(Relaxed) {
        ALLOCATIONS.fetch_add(1, Relaxed);
        BYTES.fetch_add(bytes as u64, Relaxed);
    }
}

// SAFETY: everything is forwarded to the system's allocator; counting does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller upholds the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller upholds the contract.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: the caller upholds the contract.
        unsafe { System.realloc(memory, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller upholds the contract.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const BATCH: usize = 20;

/// The allocations while counting.
#[derive(Debug, PartialEq)]
struct Measured {
    allocations: u64,
    bytes: u64,
}

fn counted(work: impl FnOnce()) -> Measured {
    ALLOCATIONS.store(0, Relaxed);
    BYTES.store(0, Relaxed);
    COUNTING.store(true, Relaxed);
    work();
    COUNTING.store(false, Relaxed);
    Measured { allocations: ALLOCATIONS.load(Relaxed), bytes: BYTES.load(Relaxed) }
}

/// The least allocations of five steps after the first five, for a built-in config on random samples: a thread of the team may
/// start late, since nobody waits for it, and gets its name then.
fn measure(name: &str) -> Measured {
    let text = presets::find(name).expect("a built-in config");
    let input = Input { name: name.to_owned(), text: text.as_bytes().to_vec(), overrides: Vec::new() };
    let experiment = Experiment::load(&input).unwrap_or_else(|error| panic!("{name}: {error:?}"));
    let facts = experiment.data.member().facts();
    let shape = facts.sample_shape.expect("a shape");
    let target = Some(Target::Class { classes: 10 });
    let plan = experiment.plan(&shape, target, &mut Problems::new(&mut Vec::new())).expect("a plan");
    let parameters = Parameters::initialize(&plan, 3, DType::F32, &Device::Cpu).expect("parameters");
    let optimizer = experiment.optimizer.member().build(&parameters.trainable()).expect("state");
    let loss = experiment.loss.clone();
    let compiled = compile(&plan).unwrap_or_else(|lacking| panic!("{name}: {lacking}"));
    let team = SharedTeam::new(2);
    let mut engine = Fused::new(compiled, parameters, loss, optimizer, 3, team).expect("an engine");

    let mut stream = Stream::new(9, Purpose::Data, [0, 0]);
    let len = BATCH * shape.elements().expect("a size");
    let features = Features::Bytes((0..len).map(|_| stream.below(256) as u8).collect());
    let labels: Vec<u32> = (0..BATCH).map(|_| stream.below(10) as u32).collect();
    let indices: Vec<usize> = (0..BATCH).collect();
    let scaling = Scaling::new(&features, None);
    let mut steps = |numbers: std::ops::Range<u64>| {
        for step in numbers {
            // The last batch of an epoch is smaller.
            let count = if step % 5 == 3 { BATCH / 3 } else { BATCH };
            let samples =
                Samples { features: &features, shape: &shape, indices: &indices[..count], scaling: &scaling };
            let batch = Batch { samples, targets: BatchTargets::Classes(&labels[..count]) };
            let loss = engine.step(&batch, step, 0.001).expect("a step").loss;
            assert!(loss.is_finite(), "{name}: {loss}");
        }
    };
    steps(0..5);
    let rounds = (1..10).map(|round| counted(|| steps(5 * round..5 * (round + 1))));
    rounds.min_by_key(|measured| measured.allocations).expect("rounds")
}

// A single test, because the counter is shared by all threads.
#[test]
fn a_step_allocates_nothing() {
    let control = counted(|| drop(std::hint::black_box(vec![1_u8; 100])));
    assert_eq!(control, Measured { allocations: 1, bytes: 100 }, "the counter does not work");
    for name in
        ["mnist_cnn", "mnist_cnn_plain", "mnist_mlp_64", "mnist_mlp_128", "digits_cnn", "synthetic_mlp"]
    {
        assert_eq!(measure(name), Measured { allocations: 0, bytes: 0 }, "{name}");
    }
}
