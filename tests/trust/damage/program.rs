//! A sample of the damage, as handled by the program.

use std::fs;

use serde_json::json;

use super::{FILES, LATEST, PREVIOUS, below, edited, random, trained};
use crate::tier::{report, times};
use crate::workspace::Workspace;

fn evaluated(workspace: &Workspace, checkpoint: &str) -> (serde_json::Value, String) {
    let outcome = workspace.ok(&["eval", "--checkpoint", checkpoint, "--format", "json"]);
    let mut result = outcome.json();
    result["seconds"].take();
    (result, outcome.messages())
}

#[test]
fn eval_and_train_fall_back_to_the_previous_checkpoint() {
    let trained = trained();
    let before = evaluated(&trained, &format!("run/checkpoints/{PREVIOUS}")).0;
    let mut random = random(2);
    let samples = times([20, 200, 1000]);
    for i in 0..samples {
        let workspace = Workspace::new();
        super::copy(&trained.path("run"), &workspace.path("run"));
        let file = FILES[i % FILES.len()];
        let name = format!("run/checkpoints/{LATEST}/{file}");
        let right = workspace.read(&name);
        let wrong = match i % 3 {
            0 => {
                let mut wrong = right.clone();
                wrong[below(&mut random, right.len())] ^= 1 << below(&mut random, 8);
                wrong
            }
            1 => right[..below(&mut random, right.len())].to_vec(),
            _ => edited(&right, &mut random),
        };
        fs::write(workspace.path(&name), wrong).expect("written");

        let (result, messages) = evaluated(&workspace, "run");
        assert_eq!(result, before, "damage {i} of {file}");
        assert_eq!(messages.lines().count(), 1, "damage {i} of {file}: {messages}");
        assert!(
            messages.contains("skipped a damaged checkpoint: run/checkpoints/step-00000009"),
            "{messages}"
        );

        let outcome = workspace.run(&["eval", "--checkpoint", &format!("run/checkpoints/{LATEST}")]);
        let messages = outcome.messages();
        assert_eq!((outcome.code, messages.lines().count()), (4, 1), "damage {i} of {file}: {messages}");

        let outcome = workspace.ok(&["train", "--resume", "run"]);
        assert!(outcome.stderr.contains("resuming from step 6: deleted 1 later"), "{}", outcome.stderr);
        for file in &FILES[..2] {
            let name = format!("run/checkpoints/{LATEST}/{file}");
            assert_eq!(workspace.read(&name), trained.read(&name), "damage {i}: another {file}");
        }
    }
    report(
        "damaged checkpoints in the program",
        &json!({ "damaged": samples, "fell_back": samples, "resumed_to_the_same_bits": samples }),
    );
}
