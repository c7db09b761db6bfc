//! Hostile `.safetensors` files given to `eval` and `predict`, without a manifest to verify them.
//!
//! Each case is a name, the file, and words of the one line that refuses it.

mod headers;
mod meaning;
mod tensors;

use std::fs::File;
use std::os::unix::fs::FileExt as _;

use serde_json::{Value, json};

use crate::child::watch;
use crate::damage;
use crate::tier::{report, times};
use crate::workspace::Workspace;

/// A case: its name, the file, and words of the error.
type Case = (String, Vec<u8>, String);

/// A valid weights file, taken apart.
#[derive(Clone)]
struct Weights {
    /// The header; `__metadata__.taper` is the card, as text.
    header: Value,
    data: Vec<u8>,
}

impl Weights {
    fn parse(bytes: &[u8]) -> Self {
        let (size, rest) = bytes.split_first_chunk::<8>().expect("a header");
        let (header, data) = rest.split_at(u64::from_le_bytes(*size) as usize);
        Self { header: serde_json::from_slice(header).expect("JSON"), data: data.to_vec() }
    }

    fn bytes(&self) -> Vec<u8> {
        assemble(&self.header.to_string(), &self.data)
    }

    /// The file with another header.
    fn header(&self, change: impl FnOnce(&mut Value)) -> Vec<u8> {
        let mut other = self.clone();
        change(&mut other.header);
        other.bytes()
    }

    fn card(&self, change: impl FnOnce(&mut Value)) -> Vec<u8> {
        let text = self.header["__metadata__"]["taper"].as_str().expect("a card");
        let mut card = serde_json::from_str(text).expect("JSON");
        change(&mut card);
        self.header(|header| header["__metadata__"]["taper"] = json!(card.to_string()))
    }

    /// The file with another config in its card.
    fn experiment(&self, change: impl FnOnce(&mut Value)) -> Vec<u8> {
        self.card(|card| change(&mut card["experiment"]))
    }

    /// The file with other data.
    fn data(&self, data: Vec<u8>) -> Vec<u8> {
        Self { data, ..self.clone() }.bytes()
    }
}

/// A file of this header and data.
fn assemble(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

fn case(name: impl Into<String>, bytes: impl Into<Vec<u8>>, words: &str) -> Case {
    (name.into(), bytes.into(), words.to_owned())
}

#[test]
fn every_hostile_weights_file_is_refused_in_one_line() {
    let workspace = damage::trained();
    let right = workspace.read("run/checkpoints/step-00000009/model.safetensors");
    workspace.file("x.json", "[0.1, 0.2, 0.3, 0.4, 0.5, 0.6]");
    let commands: [&[&str]; 2] = [
        &["eval", "--checkpoint", "w.safetensors"],
        &["predict", "--checkpoint", "w.safetensors", "--input", "x.json"],
    ];
    workspace.file("w.safetensors", &right);
    for command in commands {
        workspace.ok(command);
    }
    let weights = Weights::parse(&right);
    let cases =
        [headers::cases(&right, &weights), tensors::cases(&weights), meaning::cases(&weights)].concat();
    let mut unexpected = Vec::new();
    for (i, (name, bytes, words)) in cases.iter().enumerate() {
        assert_ne!(*bytes, right, "{name} changes nothing");
        workspace.file("w.safetensors", bytes);
        for (j, command) in commands.iter().enumerate() {
            if j == 1 && !i.is_multiple_of(times([3, 1, 1])) {
                continue;
            }
            let line = watch(&workspace, command).refused(name, 4, bytes.len());
            if !line.contains("w.safetensors") || !line.contains(words) {
                unexpected.push(format!("{name}: {line}, not {words}"));
            }
        }
    }
    assert!(unexpected.is_empty(), "{}", unexpected.join("\n"));
    assert!(cases.len() >= 70, "{} cases", cases.len());
    report("hostile weights files", &json!({ "cases": cases.len(), "refused": cases.len() }));
}

#[test]
fn every_truncation_of_a_weights_file_is_refused() {
    let workspace = damage::trained();
    let path = workspace.path("w.safetensors");
    let right = workspace.read("run/checkpoints/step-00000009/model.safetensors");
    std::fs::write(&path, &right).expect("written");
    let file = File::options().write(true).open(&path).expect("the file");
    for length in (0..right.len()).rev() {
        file.set_len(length as u64).expect("cut");
        let error =
            taper::internals::checkpoint::Checkpoint::open(&path, |_| {}).expect_err("a part of a file");
        assert_eq!(error.exit_code(), 4, "{length}: {error}");
    }
}

/// A wrong bit may leave a weights file valid, because there is no manifest: another number, another name of
/// the run. It must never crash taper, and must have no effect beyond that.
#[test]
fn wrong_bits_in_a_weights_file_never_crash_the_reader() {
    let workspace: Workspace = damage::trained();
    let path = workspace.path("w.safetensors");
    let bytes = workspace.read("run/checkpoints/step-00000009/model.safetensors");
    std::fs::write(&path, &bytes).expect("written");
    let file = File::options().write(true).open(&path).expect("the file");
    let (mut refused, mut used) = (0_u32, 0_u32);
    for at in 0..bytes.len() {
        for bit in (0..8).skip(at % times([8, 1, 1])).step_by(times([8, 1, 1])) {
            file.write_all_at(&[bytes[at] ^ (1 << bit)], at as u64).expect("written");
            let opened = taper::internals::checkpoint::Checkpoint::open(&path, |_| {});
            let loaded = opened.and_then(|checkpoint| {
                let experiment = taper::run::config_of(&checkpoint)?;
                let team = taper::internals::engine::SharedTeam::new(1);
                taper::internals::run::load_predictor(
                    &checkpoint,
                    &experiment,
                    &candle_core::Device::Cpu,
                    team,
                )
            });
            match loaded {
                Ok(_) => used += 1,
                Err(error) => {
                    assert_eq!(error.exit_code(), 4, "bit {bit} of byte {at}: {error}");
                    refused += 1;
                }
            }
        }
        file.write_all_at(&bytes[at..=at], at as u64).expect("written");
    }
    report("bit flips of a weights file", &json!({ "refused": refused, "of_another_value": used }));
}
