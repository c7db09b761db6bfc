//! A temporary folder in which tests run the `taper` program as a user would.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A folder that is deleted when this value is dropped.
pub struct Workspace {
    folder: TempDir,
}

/// The result of a run of the program.
pub struct Outcome {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Workspace {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, creating its folders.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(&path, content).expect("a file");
        path
    }

    /// The bytes of a file.
    pub fn read(&self, name: impl AsRef<Path>) -> Vec<u8> {
        let path = self.path(name);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// A command that runs the program in this folder, without settings from the environment.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_taper"));
        command.current_dir(self.folder.path()).args(arguments);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TAPER_") {
                command.env_remove(name);
            }
        }
        // What a continuous integration or a shell sets changes colors.
        for name in ["CI", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        command.env("TAPER_OFFLINE", "1");
        command
    }

    /// Runs the program, which must not panic.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Outcome {
        Outcome::of(self.command(arguments).output().expect("the program starts"))
    }

    /// Runs the program and expects success.
    pub fn ok<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Outcome {
        let outcome = self.run(arguments);
        assert_eq!(outcome.code, 0, "stdout:\n{}\nstderr:\n{}", outcome.stdout, outcome.stderr);
        outcome
    }
}

impl Outcome {
    pub fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8 output");
        let outcome = Self {
            code: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        };
        assert!(!outcome.stderr.contains("panicked"), "a panic:\n{}", outcome.stderr);
        outcome
    }

    /// The messages, without the warning about a debug build.
    pub fn messages(&self) -> String {
        let lines = self.stderr.lines().filter(|line| !line.contains("this is a debug build"));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// stdout as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}:\n{}", self.stdout))
    }
}
