//! `versus_candle` with the system's allocator, which a candle program has unless it says otherwise.
//! glibc's gives large blocks back to the system at every step, and taking them again costs more than
//! the arithmetic; taper's engine asks for none. `cargo bench --bench versus_candle_system_allocator`
#![forbid(unsafe_code)]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "what taper is measured against")]
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark prints, and stops if it cannot run"
)]

mod compare;

fn main() {
    compare::run("system");
}
