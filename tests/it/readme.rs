//! The commands in README.md, run as they stand there.

use crate::workspace::Workspace;

/// The `$ taper …` lines of the README's console blocks, block by block.
fn blocks() -> Vec<Vec<String>> {
    let text = include_str!("../../README.md");
    let mut blocks = Vec::new();
    for block in text.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap_or_default();
        let commands = block.lines().filter_map(|line| line.strip_prefix("$ taper "));
        blocks.push(commands.map(str::to_owned).collect());
    }
    blocks
}

/// The words of a command, with quotes taken off as a shell does.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for character in command.chars() {
        match character {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            other => words.last_mut().expect("a word").push(other),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn every_command_runs_in_order() {
    let data = std::env::var_os("TAPER_DATA_DIR").and_then(|folder| std::fs::canonicalize(folder).ok());
    let data = data.filter(|folder| folder.join("mnist").is_dir());
    let blocks = blocks();
    assert!(blocks.iter().flatten().count() >= 10, "the README has lost its commands");
    for commands in blocks {
        // Each block starts in a folder of its own, as its reader might.
        let workspace = Workspace::new();
        let needs_mnist = commands.iter().any(|command| command.contains("mnist"));
        if needs_mnist && data.is_none() {
            assert!(std::env::var_os("TAPER_REQUIRE_MNIST").is_none(), "no MNIST to run {commands:?} with");
            eprintln!("SKIPPED: {commands:?} needs TAPER_DATA_DIR");
            continue;
        }
        if let Some(folder) = &data {
            std::os::unix::fs::symlink(folder, workspace.path("data")).expect("a link to the data");
        }
        for command in &commands {
            let mut run = workspace.command(&words(command));
            // Two steps show that a command works; the figures beside it are measured in full.
            run.env("TAPER__TRAIN__MAX_STEPS", if command.contains("--resume") { "4" } else { "2" });
            if command.contains("eval") || command.contains("predict") {
                run.env_remove("TAPER__TRAIN__MAX_STEPS");
            }
            let outcome = crate::workspace::Outcome::of(run.output().expect("the program starts"));
            assert_eq!(outcome.code, 0, "taper {command}\n{}", outcome.stderr);
        }
    }
}

#[test]
fn every_exit_code_is_listed() {
    let text = include_str!("../../README.md");
    for code in
        ["| 0 |", "| 1 |", "| 2 |", "| 3 |", "| 4 |", "| 5 |", "| 6 |", "| 7 |", "| 129 / 130 / 143 |"]
    {
        assert!(text.contains(code), "{code}");
    }
}
