//! The same config gives the same bits in a fresh process, in any environment.

use serde_json::json;

use crate::subject::{self, ALL, Contents, Subject};
use crate::tier::{report, times};
use crate::workspace::{Outcome, Workspace};

/// The contents of the run folder of a fresh process, trained in the folder `below` a new one, with this
/// environment.
fn train(subject: &Subject, below: &str, threads: usize, environment: &[(&str, &str)]) -> Contents {
    let workspace = Workspace::new();
    workspace.file(&format!("{below}/{}", subject.file()), subject.config);
    let mut arguments = subject.arguments("run");
    arguments.extend(["--threads".to_owned(), threads.to_string()]);
    let mut command = workspace.command(&arguments);
    for name in ["LC_ALL", "LANG", "TZ", "HOME", "TERM"] {
        command.env_remove(name);
    }
    command.current_dir(workspace.path(below)).envs(environment.iter().copied());
    let outcome = Outcome::of(command.output().expect("the program starts"));
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    subject::contents(&workspace.path(below).join("run"))
}

#[test]
fn fresh_processes_give_the_same_bits() {
    const ENVIRONMENTS: [&[(&str, &str)]; 5] = [
        &[("LC_ALL", "C")],
        &[("LC_ALL", "de_DE.UTF-8"), ("TZ", "Pacific/Apia")],
        &[("LC_ALL", "tr_TR.UTF-8"), ("HOME", "/")],
        &[("LANG", "ja_JP.eucJP"), ("TERM", "dumb")],
        &[("LC_ALL", "invalid"), ("TZ", ":bad")],
    ];
    let repeats = times([4, 50, 50]);
    for subject in ALL {
        let first = train(subject, "a", 1, &[]);
        for repeat in 0..repeats {
            let below = ["b", "with space/c", "d/e/f", "ü"][repeat % 4];
            let threads = 1 + (repeat + 1) % 4;
            let again = train(subject, below, threads, ENVIRONMENTS[repeat % ENVIRONMENTS.len()]);
            subject::assert_equal(&first, &again, &format!("{}, repeat {repeat}", subject.name));
        }
    }
    let figures =
        json!({ "configs": ALL.len(), "repeats": repeats, "threads": [1, 2, 3, 4], "different": 0 });
    report("same bits", &figures);
}
