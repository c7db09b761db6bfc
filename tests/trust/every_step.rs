//! A run resumes from any of its steps to the same end, on both engines.

use serde_json::json;

use crate::subject::{self, ALL, Subject};
use crate::tier::{report, times};
use crate::workspace::Workspace;

const STEPS: u64 = 40;

fn arguments(config: &str, engine: &str) -> Vec<String> {
    let sets = [
        "checkpoint.every_steps=1".to_owned(),
        "checkpoint.keep_last=100".to_owned(),
        format!("train.max_steps={STEPS}"),
        format!("train.engine={engine}"),
    ];
    let mut arguments = vec!["train".to_owned(), "-q".to_owned(), "--config".to_owned(), config.to_owned()];
    arguments.extend(sets.into_iter().flat_map(|set| ["--set".to_owned(), set]));
    arguments
}

/// Copies the whole run as of `step`, resumes the copy, and compares.
fn resume_from(workspace: &Workspace, subject: &Subject, engine: &str, step: u64) {
    let [whole, part] = ["whole", "part"].map(|name| workspace.path(format!("{engine}-{name}")));
    std::fs::create_dir_all(part.join("checkpoints")).expect("a folder");
    for file in ["config.toml", "events.jsonl", "metrics.csv"] {
        std::fs::copy(whole.join(file), part.join(file)).expect("a copy");
    }
    for earlier in 1..=step {
        let name = format!("checkpoints/step-{earlier:08}");
        subject::copy(&whole.join(&name), &part.join(&name));
    }
    let mut resume = arguments(&subject.file(), engine);
    resume.extend(["--resume".to_owned(), part.display().to_string()]);
    workspace.ok(&resume);
    subject::assert_same(&whole, &part, &format!("{} on {engine} from step {step}", subject.name));
    std::fs::remove_dir_all(part).expect("deleted");
}

#[test]
fn a_run_resumed_from_any_step_ends_alike() {
    let every = times([13, 1, 1]);
    let mut resumed = 0;
    for subject in ALL {
        for engine in ["fused", "graph"] {
            let workspace = subject.workspace();
            let mut first = arguments(&subject.file(), engine);
            first.extend(["--run-dir".to_owned(), format!("{engine}-whole")]);
            workspace.ok(&first);
            for step in (1..STEPS).rev().step_by(every) {
                resume_from(&workspace, subject, engine, step);
                resumed += 1;
            }
        }
    }
    report(
        "resume from every step",
        &json!({ "configs": ALL.len(), "engines": 2, "resumed": resumed, "differ": 0 }),
    );
}
