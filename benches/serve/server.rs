//! The server, a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// `taper serve`, which ends when this is dropped.
pub struct Server {
    process: Child,
    /// Its address and port.
    pub address: String,
    /// How long it took from its start until it was ready.
    pub started_in: Duration,
    run: PathBuf,
    folder: TempDir,
}

impl Server {
    /// Serves the run folder `run`, or else the MNIST CNN, trained for some steps on drawn digits.
    pub fn start(run: Option<&str>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let run = run.map_or_else(|| train(folder.path()), PathBuf::from);
        let start = Instant::now();
        let mut process = taper()
            .args(["serve", "--listen", "127.0.0.1:0", "--format", "json"])
            .arg(format!("m={}", run.display()))
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("its stdout");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let started_in = start.elapsed();
        let ready: Value = serde_json::from_str(&line).expect("JSON");
        let url = ready["url"].as_str().expect("an address");
        let address = url.trim_start_matches("http://").to_owned();
        Self { process, address, started_in, run, folder }
    }

    /// The bits of what `taper predict` computes for `samples`, all of them.
    pub fn predict(&self, samples: &[Vec<u8>], as_pixels: bool) -> Vec<u32> {
        let rows = |sample: &Vec<u8>| -> Value {
            let rows = sample.chunks(28).map(|row| {
                let value =
                    |pixel: &u8| if as_pixels { json!(pixel) } else { json!(f32::from(*pixel) / 255.0) };
                row.iter().map(value).collect::<Value>()
            });
            rows.collect()
        };
        let path = self.folder.path().join("samples.json");
        let samples: Value = samples.iter().map(rows).collect();
        std::fs::write(&path, samples.to_string()).expect("a file");
        let output = taper().args(["predict", "--format", "json"]).arg(&self.run).arg(&path).output();
        let output = output.expect("taper predict");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let rows = found["predictions"].as_array().expect("predictions").iter();
        let values = rows.flat_map(|row| row["probabilities"].as_array().expect("probabilities"));
        values.map(|value| (value.as_f64().expect("a number") as f32).to_bits()).collect()
    }

    pub fn process(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn taper() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_taper"));
    command.arg("-q");
    command
}

/// A run of the MNIST CNN's network.
fn train(folder: &Path) -> PathBuf {
    let run = folder.join("run");
    let settings = ["data=digits", "train.epochs=1", "train.max_steps=50"];
    let mut command = taper();
    command.args(["train", "mnist_cnn", "--progress", "none", "--run-dir"]).arg(&run);
    command.args(settings.iter().flat_map(|setting| ["--set", setting]));
    let output = command.output().expect("taper train");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    run
}
