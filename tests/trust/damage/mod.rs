//! Damaged checkpoints: each is detected, and the previous one is used.
//!
//! The subject is a small network with Adam, whose two checkpoints have about 10 KiB each.

mod bits;
mod folders;
mod forged;
mod program;

use std::fs;
use std::path::{Path, PathBuf};

use taper::internals::checkpoint::{Checkpoint, Store};
use taper::random::{Purpose, Stream};

use crate::workspace::Workspace;

pub const CONFIG: &str = r#"
name = "tiny"
data.synthetic = { samples = 24, test_samples = 12, features = 6, classes = 3 }
model.layers = [{ dense = { units = 48, activation = "relu" } }, { dense = { units = 3 } }]
loss.cross_entropy = {}
optimizer.adam = {}
train = { epochs = 3, batch_size = 8 }
"#;
const LATEST: &str = "step-00000009";
const PREVIOUS: &str = "step-00000006";
const FILES: [&str; 4] = ["model.safetensors", "optimizer.safetensors", "state.json", "manifest.json"];

/// A workspace with the finished run `run` of [`CONFIG`].
pub fn trained() -> Workspace {
    let workspace = Workspace::new();
    workspace.file("tiny.toml", CONFIG);
    workspace.ok(&["train", "--config", "tiny.toml", "--run-dir", "run"]);
    workspace
}

/// Copies a folder with its contents.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() { copy(&entry.path(), &to) } else { drop(fs::copy(entry.path(), to)) }
    }
}

/// A copy of the run, to be damaged.
struct Copy {
    _folder: tempfile::TempDir,
    run: PathBuf,
}

impl Copy {
    fn of(workspace: &Workspace) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let run = folder.path().join("run");
        copy(&workspace.path("run"), &run);
        Self { _folder: folder, run }
    }

    /// A file of the latest checkpoint.
    fn latest(&self, file: &str) -> PathBuf {
        self.run.join("checkpoints").join(LATEST).join(file)
    }

    fn previous(&self, file: &str) -> PathBuf {
        self.run.join("checkpoints").join(PREVIOUS).join(file)
    }

    /// Asserts that the latest checkpoint is refused in one line that names `file` or the manifest, and that
    /// the previous one is found. Returns the line.
    fn refused(&self, file: &str, damage: impl Fn() -> String) -> String {
        let mut skipped = Vec::new();
        let found = Store::new(&self.run).latest(|error| {
            assert_eq!(error.exit_code(), 4, "{}: {error}", damage());
            skipped.push(error.to_string());
        });
        let found = found.unwrap_or_else(|error| panic!("{}: {error}", damage()));
        let found = found.unwrap_or_else(|| panic!("{}: nothing was found", damage()));
        assert!(found.place.ends_with(PREVIOUS), "{}: {} is used", damage(), found.place.display());
        assert_eq!(skipped.len(), 1, "{}: {skipped:?}", damage());
        let message = skipped.remove(0);
        assert!(!message.contains('\n'), "{}: {message}", damage());
        let named = message.contains(file) || message.contains("manifest.json");
        assert!(named && message.contains(LATEST), "{}: {message}", damage());
        message
    }

    /// Asserts that both checkpoints are usable.
    fn whole(&self) {
        for folder in [self.latest(""), self.previous("")] {
            Checkpoint::read(&folder).expect("a checkpoint");
        }
    }
}

/// Random numbers for the test called `name`.
fn random(name: u64) -> Stream {
    Stream::new(name, Purpose::Data, [0, 0])
}

/// A random number below `bound`.
fn below(random: &mut Stream, bound: usize) -> usize {
    usize::try_from(random.below(bound as u64)).expect("a small number")
}

/// `content` with 1 to 64 bytes changed, contiguous or scattered.
fn edited(content: &[u8], random: &mut Stream) -> Vec<u8> {
    let mut edited = content.to_vec();
    let count = 1 + below(random, 64.min(content.len()));
    let stretch = (random.below(2) == 0).then(|| below(random, content.len() - count + 1));
    for i in 0..count {
        let at = stretch.map_or_else(|| below(random, content.len()), |start| start + i);
        edited[at] = below(random, 256) as u8;
    }
    if edited == content {
        edited[0] ^= 1;
    }
    edited
}
