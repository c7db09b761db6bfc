//! Times the training step of the textbook CNN: taper against the same network in plain candle, both with
//! the allocator of taper's program.
//!
//! Both take the same batches of 32 random images in turn, in one run, so that a slow moment of the machine
//! affects both. taper's time includes loading them from its data set into the network. Prints one JSON
//! object: the median over the rounds, in microseconds per sample, and the ratio. `cargo bench --bench
//! versus_candle`
#![forbid(unsafe_code)]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "what taper is measured against")]
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark prints, and stops if it cannot run"
)]

mod compare;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    compare::run("mimalloc");
}
