//! The `taper` program: parses the command line, runs one command, reports errors and exits.
#![forbid(unsafe_code)]

mod cli;
mod commands;
mod number;
mod progress;
mod rows;
mod terminal;

use std::process::ExitCode;

/// Training allocates and frees the same large blocks at every step; mimalloc keeps them for reuse
/// (measured in `benches/README.md`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let cli = match cli::Cli::read(&arguments, terminal::may_color()) {
        Ok(cli) => cli,
        Err(error) => terminal::reject(&error, &arguments),
    };
    terminal::start(&cli.common);
    terminal::report_panics();
    if cfg!(debug_assertions) {
        terminal::warn(
            "this is a debug build, which is many times slower; build with `cargo build --release`",
        );
    }
    match commands::run(&cli) {
        Ok(()) => terminal::finish(),
        Err(error) => terminal::fail(&error),
    }
}
