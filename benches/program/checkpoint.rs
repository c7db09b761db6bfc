//! Writing and reading checkpoints.

use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};
use taper::internals::checkpoint::{Checkpoint, Snapshot, Store};

use super::{Setting, median, milliseconds};

const REPEATS: u64 = 7;

/// Writing until everything is flushed to the disk, reading with verification of every file's SHA-256, and
/// restoring weights and optimizer state.
pub fn measure(setting: &Setting) -> Value {
    let run = setting.run();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = Store::new(folder.path());
    let (parameters, optimizer) = (run.engine.parameters(), run.engine.optimizer());
    let (mut writes, mut reads, mut restores) = (Vec::new(), Vec::new(), Vec::new());
    let mut bytes = 0;
    for step in 0..REPEATS {
        let mut state = run.fresh_state();
        state.position.step = step;
        let start = Instant::now();
        let path = store
            .save(&Snapshot { state: &state, card: &run.card, parameters, optimizer, raw: &[] })
            .expect("a checkpoint");
        writes.push(milliseconds(start));
        bytes = size(&path);

        let start = Instant::now();
        let checkpoint = Checkpoint::read(&path).expect("a checkpoint");
        reads.push(milliseconds(start));

        let start = Instant::now();
        checkpoint.restore_weights(parameters).expect("weights");
        checkpoint.restore_optimizer(parameters, optimizer, &[]).expect("the optimizer's state");
        restores.push(milliseconds(start));
    }
    let rate = |ms: f64| bytes as f64 / ms / 1e3;
    let (write, read) = (median(writes), median(reads));
    json!({
        "repeats": REPEATS,
        "bytes": bytes,
        "write_ms": write,
        "write_mb_per_s": rate(write),
        "read_ms": read,
        "read_mb_per_s": rate(read),
        "restore_ms": median(restores),
    })
}

/// The bytes of all files in `folder`.
fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).expect("a folder");
    entries.map(|entry| entry.expect("a file").metadata().expect("a size").len()).sum()
}
