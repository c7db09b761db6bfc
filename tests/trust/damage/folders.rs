//! Files that are swapped, missing, or not regular files; forged manifests; folders with wrong names.

use std::fs;

use taper::internals::checkpoint::manifest::Manifest;
use taper::internals::checkpoint::{Checkpoint, Store};

use super::{Copy, FILES, LATEST, PREVIOUS, trained};
use crate::special::{self, KINDS};
use crate::workspace::Workspace;

/// Asserts that the latest checkpoint is refused after `change` to its files, which are then restored.
fn refused_after(copy: &Copy, file: &str, name: &str, change: impl FnOnce()) -> String {
    let right = FILES.map(|file| fs::read(copy.latest(file)).expect("a file"));
    change();
    let message = copy.refused(file, || name.to_owned());
    for (file, right) in FILES.iter().zip(right) {
        special::remove(&copy.latest(file));
        fs::write(copy.latest(file), right).expect("written");
    }
    copy.whole();
    message
}

#[test]
fn files_of_another_checkpoint_are_detected() {
    let copy = Copy::of(&trained());
    // Some or all files of the previous checkpoint.
    for mask in 1..1_u32 << FILES.len() {
        refused_after(&copy, "", &format!("files {mask:b}"), || {
            for (_, file) in FILES.iter().enumerate().filter(|(i, _)| mask & (1 << i) != 0) {
                fs::copy(copy.previous(file), copy.latest(file)).expect("a copy");
            }
        });
    }
    // One file under the name of another, from either checkpoint.
    for to in FILES {
        for from in FILES.iter().filter(|from| **from != to) {
            for source in [copy.latest(from), copy.previous(from)] {
                refused_after(&copy, to, &format!("{from} as {to}"), || {
                    fs::copy(source, copy.latest(to)).expect("a copy");
                });
            }
        }
    }
}

#[test]
fn manifests_that_taper_would_not_write_are_refused() {
    let copy = Copy::of(&trained());
    let text = fs::read_to_string(copy.latest("manifest.json")).expect("a manifest");
    let compact = serde_json::from_str::<serde_json::Value>(&text).expect("JSON").to_string();
    let entry = &text[text.find("    {").expect("an entry")..=text.find('}').expect("its end")];
    let cases = [
        ("empty", String::new(), "EOF"),
        ("no object", "[]".to_owned(), "damaged"),
        ("compact", compact, "not in the form that taper writes"),
        ("a line end more", format!("{text}\n"), "not in the form that taper writes"),
        ("a byte order mark", format!("\u{feff}{text}"), "damaged"),
        ("an escape", text.replacen("step", "st\\u0065p", 1), "not in the form that taper writes"),
        ("a key twice", text.replacen("\"step\": 9,", "\"step\": 9,\n  \"step\": 9,", 1), "duplicate field"),
        ("an unknown key", text.replacen('{', "{\"x\": 1,", 1), "unknown field"),
        (
            "another format",
            text.replacen("\"format\": 2", "\"format\": 3", 1),
            "this version of taper supports formats 1 to 2",
        ),
        ("another step", text.replacen("\"step\": 9", "\"step\": 8", 1), "manifest.json is for step 8"),
        ("a negative step", text.replacen("\"step\": 9", "\"step\": -9", 1), "invalid value"),
        ("a file twice", text.replacen(entry, &format!("{entry},\n{entry}"), 1), "does not list exactly"),
        ("a file less", text.replacen(&format!("{entry},\n"), "", 1), "does not list exactly"),
        ("a path", text.replacen("\"model.safetensors", "\"../../model.safetensors", 1), "not list exactly"),
        ("a capital", text.replacen("\"sha256\": \"", "\"sha256\": \"A", 1), "SHA-256"),
        ("1 MB of blanks", format!("{text}{}", " ".repeat(1 << 20)), "too large"),
        ("2^64 - 1 bytes", text.replacen("\"bytes\": ", "\"bytes\": 1844674407370955", 1), ""),
    ];
    for (name, wrong, words) in cases {
        assert_ne!(wrong, text, "{name} changes nothing");
        let message = refused_after(&copy, "manifest.json", name, || {
            fs::write(copy.latest("manifest.json"), wrong).expect("written");
        });
        assert!(message.contains(words), "{name}: {message}");
    }
}

#[test]
fn anything_but_a_regular_file_is_detected_without_hanging() {
    let copy = Copy::of(&trained());
    for file in FILES {
        for kind in KINDS {
            let message = refused_after(&copy, file, &format!("{kind} as {file}"), || {
                special::place(kind, &copy.latest(file));
            });
            assert!(message.contains(file), "{kind} as {file}: {message}");
        }
        refused_after(&copy, file, &format!("no {file}"), || special::remove(&copy.latest(file)));
        refused_after(&copy, file, &format!("empty {file}"), || {
            fs::write(copy.latest(file), "").expect("written");
        });
    }
}

#[test]
fn a_folder_under_another_steps_name_is_refused() {
    let copy = Copy::of(&trained());
    let checkpoints = copy.run.join("checkpoints");
    let [from, to] = [LATEST, "step-00000012"].map(|name| checkpoints.join(name));
    fs::rename(&from, &to).expect("renamed");
    let message = Checkpoint::read(&to).expect_err("another step").to_string();
    assert!(message.contains("manifest.json is for step 9"), "{message}");
    let found = Store::new(&copy.run).latest(|_| {}).expect("a checkpoint").expect("a checkpoint");
    assert!(found.place.ends_with(PREVIOUS));
    // A link does not help either; a folder whose name is not that of a step is somebody's copy.
    std::os::unix::fs::symlink(&to, checkpoints.join("step-00000015")).expect("a link");
    assert!(Checkpoint::read(&checkpoints.join("step-00000015")).is_err());
    fs::rename(&to, checkpoints.join("the-good-one")).expect("renamed");
    Checkpoint::read(&checkpoints.join("the-good-one")).expect("a copy under another name");
    assert_eq!(Store::new(&copy.run).steps().expect("steps"), [15, 6]);
}

#[test]
fn unrelated_files_in_a_checkpoint_do_no_harm() {
    let copy = Copy::of(&trained());
    fs::write(copy.latest(".DS_Store"), "x").expect("written");
    fs::write(copy.latest("model.safetensors.bak"), "x").expect("written");
    special::place("pipe", &copy.latest("pipe"));
    special::place("folder", &copy.latest("folder"));
    let found = Store::new(&copy.run).latest(|error| panic!("{error}")).expect("a checkpoint");
    assert!(found.expect("a checkpoint").place.ends_with(LATEST));
}

#[test]
fn anything_in_the_place_of_a_checkpoint_is_skipped_and_cleared() {
    let workspace = trained();
    for kind in KINDS {
        let other = Workspace::new();
        super::copy(&workspace.path("run"), &other.path("run"));
        let latest = other.path("run/checkpoints").join(LATEST);
        special::place(kind, &latest);
        let outcome = other.run(&["eval", "--checkpoint", "run"]);
        assert_eq!((outcome.code, outcome.messages().lines().count()), (0, 1), "{kind}: {}", outcome.stderr);
        let outcome = other.run(&["train", "--resume", "run"]);
        assert_eq!(outcome.code, 0, "{kind}: {}", outcome.stderr);
        Checkpoint::read(&latest).expect("made anew");
        // And in the place of the folder of all checkpoints.
        special::place(kind, &other.path("run/checkpoints"));
        for command in ["eval --checkpoint", "train --resume"] {
            let arguments: Vec<&str> = command.split(' ').chain(["run"]).collect();
            let outcome = other.run(&arguments);
            let messages = outcome.messages();
            assert_eq!((outcome.code, messages.lines().count()), (4, 1), "{command} {kind}: {messages}");
        }
    }
}

#[test]
fn a_forged_manifest_does_not_cause_large_allocations() {
    let copy = Copy::of(&trained());
    let mut manifest = Manifest::read(&copy.latest("")).expect("a manifest");
    for bytes in [0, 1, u64::MAX, 1 << 40] {
        manifest.files[0].bytes = bytes;
        let message = refused_after(&copy, "model.safetensors", "a size", || {
            fs::write(copy.latest("manifest.json"), manifest.to_bytes().expect("JSON")).expect("written");
        });
        assert!(message.contains("bytes, but manifest.json lists"), "{message}");
    }
}
