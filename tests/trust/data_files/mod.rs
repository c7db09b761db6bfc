//! Damaged and hostile data sets and inputs: exit code 3 (2 for a config, 4 for a checkpoint) and one line,
//! without hanging and without allocating memory for unverified claims of a header.
//!
//! The parsing of single values is tested next to the code in `src/data`.

mod arrays;
mod bombs;
mod cifar10;
mod idx;
mod images;
mod places;
mod tables;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use taper::data::{self, SearchPath, Splits};

use crate::child::watch;
use crate::workspace::Workspace;

/// Loads the data set that `section` describes, such as `[mnist]`, with all files in `folder`. Errors must be
/// data errors of one line.
fn load(folder: &Path, section: &str) -> Result<Splits, String> {
    let config: data::Config = toml::from_str(section).expect("a data section");
    let search = SearchPath {
        folders: vec![folder.to_path_buf()],
        config_folder: folder.to_path_buf(),
        ..SearchPath::default()
    };
    config.member().load(&search, 0).map_err(|error| {
        assert_eq!(error.exit_code(), 3, "{error}");
        let message = error.to_string();
        assert!(!message.contains('\n'), "{message}");
        message
    })
}

/// A config that trains a network without hidden layers for one step on the data set given by `data` (a
/// line).
fn config(data: &str, layers: &str, loss: &str) -> String {
    let mut text = format!("{data}\nloss.{loss} = {{}}\noptimizer.sgd = {{}}\n");
    write!(text, "model.layers = [{layers}]\ntrain = {{ max_steps = 1, epochs = 1 }}\n").expect("a text");
    text
}

/// Asserts that the program refuses the data of `config.toml` in one line with `words`, without a run folder.
fn refused(workspace: &Workspace, name: &str, bytes: usize, words: &str) {
    // Reading may take long enough for a line about its progress, if other programs run as well.
    let watched =
        watch(workspace, &["--progress", "none", "train", "--config", "config.toml", "--run-dir", "run"]);
    let line = watched.refused(name, 3, bytes);
    assert!(line.contains(words), "{name}: {line}");
    assert!(!workspace.path("run").exists(), "{name}: a run folder was created");
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).expect("compressed");
    encoder.finish().expect("compressed")
}
