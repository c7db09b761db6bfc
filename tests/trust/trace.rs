//! The system calls of a run, as reported by `strace`, and what a power failure would leave.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A successful call that affects the contents of the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// A file that may be new.
    Create(PathBuf),
    /// A file whose content has changed.
    Change(PathBuf),
    /// A file or folder that was flushed.
    Flush(PathBuf),
    Rename(PathBuf, PathBuf),
    MakeFolder(PathBuf),
    /// A file or an empty folder that was removed.
    Remove(PathBuf),
}

/// Whether `strace` is available here. Continuous integration requires it.
pub fn is_available() -> bool {
    let can = Command::new("strace").args(["-o", "/dev/null", "true"]).status().is_ok_and(|s| s.success());
    assert!(can || std::env::var_os("TAPER_REQUIRE_STRACE").is_none(), "strace is not available");
    if !can {
        eprintln!("skipped: needs strace, and leave to trace");
    }
    can
}

/// The calls in the output of `strace -f -y` that concern paths within `folder`.
pub fn calls(text: &str, folder: &Path) -> Vec<Call> {
    whole_lines(text)
        .iter()
        .filter_map(|line| call(line))
        .filter(|call| call.place().starts_with(folder))
        .collect()
}

/// The lines of the output; calls interrupted by one of another thread are joined where they end.
pub fn whole_lines(text: &str) -> Vec<String> {
    let mut begun = BTreeMap::new();
    let mut lines = Vec::new();
    for line in text.lines() {
        let thread = line.split(' ').next().unwrap_or_default();
        if let Some(begin) = line.strip_suffix(" <unfinished ...>") {
            begun.insert(thread, begin);
        } else if let Some((_, end)) = line.split_once(" resumed>") {
            lines.extend(begun.remove(thread).map(|begin| format!("{begin}{end}")));
        } else {
            lines.push(line.to_owned());
        }
    }
    lines
}

/// One line, such as `123 fsync(5</a/b>) = 0`.
fn call(line: &str) -> Option<Call> {
    let (head, result) = line.rsplit_once(" = ")?;
    if result.starts_with('-') {
        return None;
    }
    let (name, arguments) = head.split_once('(')?;
    let name = name.rsplit(' ').next()?;
    let arguments = arguments.trim_end().strip_suffix(')')?;
    let file = || Some(PathBuf::from(arguments.split_once('<')?.1.split_once('>')?.0));
    let quoted: Vec<PathBuf> = arguments.split('"').skip(1).step_by(2).map(PathBuf::from).collect();
    let first = || quoted.first().cloned();
    Some(match name {
        "openat" if arguments.contains("O_TRUNC") => Call::Change(first()?),
        "openat" if arguments.contains("O_CREAT") => Call::Create(first()?),
        "write" | "pwrite64" | "writev" | "ftruncate" => Call::Change(file()?),
        "fsync" | "fdatasync" => Call::Flush(file()?),
        "rename" | "renameat" | "renameat2" => Call::Rename(first()?, quoted.get(1)?.clone()),
        "mkdir" | "mkdirat" => Call::MakeFolder(first()?),
        "unlink" | "rmdir" => Call::Remove(first()?),
        // `unlinkat(5</folder>, "name", 0)`
        "unlinkat" => {
            Call::Remove(if arguments.starts_with("AT_FDCWD") { first()? } else { file()?.join(first()?) })
        }
        _ => return None,
    })
}

impl Call {
    fn place(&self) -> &Path {
        match self {
            Self::Create(path)
            | Self::Change(path)
            | Self::Flush(path)
            | Self::Rename(path, _)
            | Self::MakeFolder(path)
            | Self::Remove(path) => path,
        }
    }
}

/// What a power failure at this moment could remove. POSIX guarantees only what was flushed: the content of a
/// file after the file was flushed, a name after its folder was.
#[derive(Default)]
pub struct Disk {
    names: BTreeSet<PathBuf>,
    changed: BTreeSet<PathBuf>,
    known: BTreeSet<PathBuf>,
    /// The folder of a checkpoint that has just been renamed; the next actions depend on it.
    published: Option<PathBuf>,
}

impl Disk {
    /// All violations of the order required for a checkpoint: flush its files, then its folder, rename it,
    /// flush the parent folder, and only then delete older ones.
    pub fn violations(calls: &[Call]) -> Vec<String> {
        let mut disk = Self::default();
        let mut found = Vec::new();
        for (number, call) in calls.iter().enumerate() {
            if let Err(violation) = disk.follow(call) {
                found.push(format!("call {number}, {call:?}: {violation}"));
            }
        }
        let left: Vec<_> = disk.changed.iter().chain(&disk.names).collect();
        if !left.is_empty() {
            found.push(format!("at the end: not flushed: {left:?}"));
        }
        found
    }

    fn follow(&mut self, call: &Call) -> Result<(), String> {
        if let Some(folder) = self.published.take()
            && !matches!(call, Call::Flush(path) if *path == folder)
        {
            return Err(format!("{} should be flushed first", folder.display()));
        }
        match call {
            Call::Create(path) | Call::MakeFolder(path) => self.name(path),
            Call::Change(path) => {
                self.name(path);
                self.changed.insert(path.clone());
            }
            Call::Flush(path) => {
                self.changed.remove(path);
                self.names.retain(|name| name.parent() != Some(path));
            }
            Call::Rename(from, to) => {
                let checked = self.check_rename(from, to);
                for set in [&mut self.names, &mut self.changed, &mut self.known] {
                    set.retain(|path| !path.starts_with(from));
                }
                if !is_unfinished(to) {
                    self.name(to);
                }
                if is_checkpoint(to) {
                    self.published = to.parent().map(Path::to_path_buf);
                }
                return checked;
            }
            Call::Remove(path) => {
                for set in [&mut self.names, &mut self.changed, &mut self.known] {
                    set.remove(path);
                }
            }
        }
        Ok(())
    }

    /// A new name requires its folder to be flushed.
    fn name(&mut self, path: &Path) {
        // A lock need not survive a power failure.
        if !path.ends_with(".lock") && self.known.insert(path.to_path_buf()) {
            self.names.insert(path.to_path_buf());
        }
    }

    fn check_rename(&self, from: &Path, to: &Path) -> Result<(), String> {
        if is_unfinished(to) {
            // An old checkpoint is deleted, so everything that replaces it must be durable.
            let waiting: Vec<_> =
                self.names.iter().chain(&self.changed).filter(|path| !is_log(path)).collect();
            return if waiting.is_empty() { Ok(()) } else { Err(format!("not yet flushed: {waiting:?}")) };
        }
        let within = |path: &&PathBuf| path.starts_with(from) && path.as_path() != from;
        let waiting: Vec<_> = self
            .changed
            .iter()
            .filter(|path| path.starts_with(from))
            .chain(self.names.iter().filter(within))
            .collect();
        if !waiting.is_empty() {
            return Err(format!("renamed before it was flushed: {waiting:?}"));
        }
        if is_checkpoint(to) {
            // A checkpoint records the sizes of the logs, and requires the names of all folders above it to
            // be durable.
            let run = to.ancestors().nth(2).unwrap_or(to);
            let needed =
                |path: &&PathBuf| to.starts_with(path) || (is_log(path) && path.parent() == Some(run));
            let waiting: Vec<_> = self.changed.iter().chain(&self.names).filter(needed).collect();
            if !waiting.is_empty() {
                return Err(format!("a checkpoint that needs what is not flushed: {waiting:?}"));
            }
        }
        Ok(())
    }
}

fn is_log(path: &Path) -> bool {
    path.ends_with("events.jsonl") || path.ends_with("metrics.csv")
}

/// Whether this is the name of a finished checkpoint.
pub fn is_checkpoint(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("step-"))
}

fn is_unfinished(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".tmp-"))
}
