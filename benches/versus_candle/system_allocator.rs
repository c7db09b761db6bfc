//! `versus_candle` with the system's allocator, the default of a candle program. glibc's allocator returns
//! large blocks to the system at every step, and allocating them again costs more than the arithmetic;
//! taper's engine does not allocate. `cargo bench --bench versus_candle_system_allocator`
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
