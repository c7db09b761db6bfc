//! Forged checkpoints with valid checksums.

use std::fs;

use serde_json::{Value, json};
use taper::internals::checkpoint::manifest::Manifest;

use super::{Copy, FILES, PREVIOUS, trained};
use crate::workspace::Workspace;

/// Changes `state.json` of the previous checkpoint and adjusts its manifest.
fn forge(workspace: &Workspace, change: impl FnOnce(&mut Value)) {
    let folder = workspace.path("run/checkpoints").join(PREVIOUS);
    let mut state: Value =
        serde_json::from_slice(&fs::read(folder.join("state.json")).expect("a file")).expect("JSON");
    change(&mut state);
    fs::write(folder.join("state.json"), state.to_string()).expect("written");
    let contents = [FILES[0], FILES[1], FILES[2]].map(|name| fs::read(folder.join(name)).expect("a file"));
    let files: Vec<(&str, &[u8])> = FILES.iter().copied().zip(contents.iter().map(Vec::as_slice)).collect();
    let manifest = Manifest::new(6, &files).to_bytes().expect("JSON");
    fs::write(folder.join("manifest.json"), manifest).expect("written");
}

#[test]
fn a_run_does_not_resume_from_an_impossible_state() {
    let trained = trained();
    let most = u64::MAX;
    let none = json!([0, 0, 0]);
    let cases: [(&str, &str, Value, &str); 15] = [
        ("epoch", "/position/epoch", json!(most), "impossible for these samples"),
        ("more epochs than steps", "/position/epoch", json!(7), "impossible for these samples"),
        ("samples", "/position/samples_in_epoch", json!(25), "impossible for these samples"),
        ("2^64 - 1 samples", "/position/samples_in_epoch", json!(most), "impossible for these samples"),
        ("samples without counts", "/position/samples_in_epoch", json!(8), "impossible for these samples"),
        ("counts", "/running/counts/classes/support/0", json!(most), "impossible for these samples"),
        (
            "counts that add up to 0",
            "/running/counts/classes",
            json!({"correct": none, "predicted": none, "support": [most, 1, 0]}),
            "impossible for",
        ),
        ("fewer classes", "/running/counts/classes", json!([[0, 0], [0, 0]]), "impossible for these samples"),
        ("ragged counts", "/running/counts/classes", json!([[0], [0, 0, 0]]), "state.json: damaged"),
        ("no classes", "/running/counts/classes", json!([]), "impossible for these samples"),
        ("numbers", "/running/counts", json!({"values": {"samples": 0, "outputs": []}}), "impossible for"),
        ("seconds", "/seconds", json!(-1), "impossible for these samples"),
        ("another step", "/position/step", json!(7), "different steps"),
        ("another seed", "/seed", json!(1), "a different seed"),
        (
            "an unknown key",
            "/position",
            json!({"step": 6, "epoch": 2, "samples_in_epoch": 0, "x": 0}),
            "state.json: damaged",
        ),
    ];
    for (name, place, value, words) in cases {
        let workspace = Workspace::new();
        super::copy(&Copy::of(&trained).run, &workspace.path("run"));
        forge(&workspace, |state| *state.pointer_mut(place).expect(place) = value);
        let checkpoint = format!("run/checkpoints/{PREVIOUS}");
        let outcome = workspace.run(&["train", "--resume", &checkpoint]);
        let messages = outcome.messages();
        assert_eq!((outcome.code, messages.lines().count()), (4, 1), "{name}: {messages}");
        assert!(messages.contains(words), "{name}: {messages}");
    }
}

#[test]
fn harmless_values_in_a_forged_state_are_accepted() {
    let trained = trained();
    let best = json!({"metric": "x\n", "value": -1.0, "step": u64::MAX, "epoch": u64::MAX});
    for (place, value) in [
        ("/callbacks", json!({"best": best})),
        ("/last", json!([["\u{1b}[2J", null]])),
        ("/seconds", json!(1e300)),
        // A damaged log is no reason to refuse: what is left of it is kept.
        ("/files/events.jsonl", json!(1_u64 << 60)),
        ("/files/metrics.csv", json!(u64::MAX)),
    ] {
        let workspace = Workspace::new();
        super::copy(&Copy::of(&trained).run, &workspace.path("run"));
        forge(&workspace, |state| *state.pointer_mut(place).expect(place) = value);
        let outcome = workspace.run(&["train", "--resume", &format!("run/checkpoints/{PREVIOUS}")]);
        assert_eq!(outcome.code, 0, "{place}: {}", outcome.stderr);
        assert!(!outcome.stderr.contains('\u{1b}'), "{place}: {}", outcome.stderr);
    }
}
