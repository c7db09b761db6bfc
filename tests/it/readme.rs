//! README.md and the pages of docs/: their commands run as they stand there, their configs are right, their links
//! lead somewhere.
//!
//! In a page, ```` ```console ```` begins commands to run, and a word after the language, as in
//! ```` ```toml customers.toml ````, names the file that the page's commands find. `taper serve … &` runs until the end of its
//! block, and `curl` asks it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use taper::Experiment;
#[cfg(feature = "serve")]
use taper::config::Input;

use crate::workspace::{Outcome, Workspace};

/// The most lines that README.md may have.
const README_LINES: usize = 140;

/// A fenced block: what stands after the fence, and the lines within.
struct Block {
    info: String,
    text: String,
}

impl Block {
    fn language(&self) -> &str {
        self.info.split(' ').next().unwrap_or_default()
    }

    fn file(&self) -> Option<&str> {
        self.info.split_once(' ').map(|(_, file)| file)
    }

    /// Its `$ taper …` and `$ curl …` lines, without `$ taper`.
    fn commands(&self) -> Vec<&str> {
        let console = self.language() == "console";
        let lines = self.text.lines().filter(|_| console).filter_map(|line| line.strip_prefix("$ "));
        lines
            .filter_map(
                |line| if line.starts_with("curl ") { Some(line) } else { line.strip_prefix("taper ") },
            )
            .collect()
    }
}

/// Every page for users with its text; paths are relative to the repository.
fn pages() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let listed = fs::read_dir(root.join("docs")).expect("docs/");
    let mut pages: Vec<PathBuf> =
        listed.map(|entry| Path::new("docs").join(entry.expect("an entry").file_name())).collect();
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    for other in [
        "README.md",
        "CONTRIBUTING.md",
        "ARCHITECTURE.md",
        "docs/trust/README.md",
        "data/README.md",
        "benches/README.md",
    ] {
        if root.join(other).exists() {
            pages.push(other.into());
        }
    }
    pages.sort();
    let read = |page: PathBuf| {
        let text = fs::read_to_string(root.join(&page)).expect("text");
        (page, text)
    };
    pages.into_iter().map(read).collect()
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let inside: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
        blocks.push(Block { info: info.to_owned(), text: inside.join("\n") + "\n" });
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

/// Runs a block's commands in a folder of their own, as a reader might, next to the page's files.
fn run(page: &Path, commands: &[&str], files: &[Block], data: Option<&Path>) {
    let workspace = Workspace::new();
    for block in files {
        if let Some(file) = block.file() {
            workspace.file(file, &block.text);
        }
    }
    if let Some(folder) = data {
        std::os::unix::fs::symlink(folder, workspace.path("data")).expect("a link to the data");
    }
    let mut server: Option<Serving> = None;
    for command in commands {
        if command.starts_with("curl ") {
            server
                .as_ref()
                .unwrap_or_else(|| panic!("{}: {command}: no server", page.display()))
                .ask(page, command);
            continue;
        }
        if let Some(serve) = command.strip_suffix(" &") {
            server = Some(Serving::start(page, workspace.command(&words(serve))));
            continue;
        }
        let mut run = workspace.command(&words(command));
        // Two steps show that a command works; the figures next to it are measured in full.
        run.env("TAPER__TRAIN__MAX_STEPS", if command.contains("--resume") { "4" } else { "2" });
        if command.starts_with("eval") || command.starts_with("predict") || command.contains("--gate") {
            run.env_remove("TAPER__TRAIN__MAX_STEPS");
        }
        if page.ends_with("README.md") {
            // Two steps do not reach the accuracy that its config demands.
            run.env("TAPER__GATE", "null");
        }
        let outcome = Outcome::of(run.output().expect("the program starts"));
        assert_eq!(outcome.code, 0, "{}: taper {command}\n{}", page.display(), outcome.stderr);
    }
}

/// The server of a block, on another port than on the page.
struct Serving {
    process: Child,
    address: String,
}

impl Serving {
    fn start(page: &Path, mut command: Command) -> Self {
        let command = command.env("TAPER__SERVE__LISTEN", "127.0.0.1:0").stdout(Stdio::piped());
        let mut process = command.spawn().expect("the program starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("stdout")).read_line(&mut line).expect("a line");
        let address = line.trim().split_once("://").map(|(_, address)| address.to_owned());
        let address = address.unwrap_or_else(|| panic!("{}: {command:?}: {line}", page.display()));
        Self { process, address }
    }

    /// Runs a line with `curl`, if there is one, which must not be refused.
    fn ask(&self, page: &Path, line: &str) {
        let arguments = words(line).into_iter().skip(1);
        let arguments: Vec<String> =
            arguments.map(|word| word.replace("localhost:8501", &self.address)).collect();
        assert!(arguments.iter().any(|word| word.contains(&self.address)), "{}: {line}", page.display());
        match Command::new("curl")
            .args(["--silent", "--show-error", "--fail-with-body"])
            .args(arguments)
            .output()
        {
            Err(error) => eprintln!("SKIPPED: {line:?}: curl: {error}"),
            Ok(output) => {
                let outcome = Outcome::of(output);
                assert_eq!(
                    outcome.code,
                    0,
                    "{}: {line}\n{}{}",
                    page.display(),
                    outcome.stdout,
                    outcome.stderr
                );
            }
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn every_command_in_every_page_runs() {
    let data = std::env::var_os("TAPER_DATA_DIR").and_then(|folder| fs::canonicalize(folder).ok());
    let data = data.filter(|folder| folder.join("mnist").is_dir());
    let mut found = 0;
    for (page, text) in pages() {
        let blocks = blocks(&text);
        for commands in blocks.iter().map(Block::commands).filter(|commands| !commands.is_empty()) {
            found += commands.len();
            let needs_mnist = commands.iter().any(|command| command.contains("train mnist"));
            if needs_mnist && data.is_none() {
                assert!(
                    std::env::var_os("TAPER_REQUIRE_MNIST").is_none(),
                    "no MNIST to run {commands:?} with"
                );
                eprintln!("SKIPPED: {commands:?} needs TAPER_DATA_DIR");
                continue;
            }
            run(&page, &commands, &blocks, data.as_deref());
        }
    }
    assert!(found >= 20, "the pages have lost their commands: {found}");
}

#[test]
fn every_config_in_every_page_is_right() {
    let mut found = 0;
    for (page, text) in pages() {
        for block in blocks(&text).into_iter().filter(|block| block.language() == "toml") {
            found += 1;
            #[cfg(feature = "serve")]
            if block.text.starts_with("[serve") {
                let input = Input {
                    name: "serve.toml".to_owned(),
                    text: block.text.into_bytes(),
                    ..Input::default()
                };
                let checked = taper::serve::Config::from_input(&input, None);
                assert!(
                    checked.is_ok(),
                    "{}: {}",
                    page.display(),
                    checked.err().map(|e| e.to_string()).unwrap_or_default()
                );
                continue;
            }
            let Err(error) = Experiment::from_toml(&block.text) else { continue };
            let error = error.to_string();
            assert!(block.file().is_none(), "{}: {error}", page.display());
            // A part of a config lacks sections, and has no other mistakes.
            for line in error.lines().filter(|line| line.starts_with("error: ")) {
                assert!(line.starts_with("error: missing section"), "{}: {error}", page.display());
            }
        }
    }
    assert!(found >= 30, "{found}");
}

#[test]
fn every_link_between_pages_leads_to_a_file_and_a_heading() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (page, text) in pages() {
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") {
                continue;
            }
            let (file, heading) =
                link.split_once('#').map_or((link, None), |(file, heading)| (file, Some(heading)));
            let target =
                if file.is_empty() { page.clone() } else { page.parent().expect("a folder").join(file) };
            assert!(root.join(&target).exists(), "{}: {link} leads nowhere", page.display());
            let Some(heading) = heading else { continue };
            let target = fs::read_to_string(root.join(&target)).expect("text");
            assert!(
                target.lines().any(|line| anchor(line) == Some(heading.to_owned())),
                "{}: {link}: no such heading",
                page.display()
            );
        }
    }
}

/// The name by which links reach a heading: GitHub's.
fn anchor(line: &str) -> Option<String> {
    let heading = line.strip_prefix('#')?.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
    Some(heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect())
}

#[test]
fn every_page_of_docs_is_in_the_index() {
    let index =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/README.md")).expect("text");
    for (page, _) in pages() {
        let Ok(page) = page.strip_prefix("docs") else { continue };
        let page = page.display().to_string();
        assert!(page == "README.md" || index.contains(&format!("({page})")), "docs/README.md lacks {page}");
    }
}

#[test]
fn the_readme_is_read_in_a_minute() {
    let lines = include_str!("../../README.md").lines().count();
    assert!(lines <= README_LINES, "README.md has {lines} lines; move something to docs/");
}

#[test]
fn every_exit_code_is_listed() {
    let text = include_str!("../../docs/ci.md");
    for code in [
        "| 0 |",
        "| 1 |",
        "| 2 |",
        "| 3 |",
        "| 4 |",
        "| 5 |",
        "| 6 |",
        "| 7 |",
        "| 9 |",
        "| 129 / 130 / 143 |",
    ] {
        assert!(text.contains(code), "{code}");
    }
}
