//! The examples in CONTRIBUTING.md: each diff applies to the present source, which then builds and passes
//! tests.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::subject;
use crate::tier::Tier;

const DIFFS: [&str; 5] = ["layer", "optimizer", "schedule", "augmentation", "callback"];

/// Arguments of `cargo test` for the tests of the added members.
const TESTS: [&[&str]; 8] = [
    &["--lib", "--", "layers::walk"],
    &["--lib", "--", "optimizer::tests"],
    &["--lib", "--", "schedule::tests"],
    &["--test", "it", "--", "learning_rates::schedules_agree"],
    &["--lib", "--", "augment::tests"],
    &["--test", "it", "--", "augmentation::a_run_with_any_operation"],
    &["--lib", "--", "callbacks::rising"],
    &["--test", "trust", "--", "gradients::every_layer", "every_step::a_run_resumed"],
];

/// The files changed by `diff`, in their new form; unchanged lines of a hunk must occur exactly once.
fn applied(diff: &str, source: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for part in diff.split("\ndiff --git ").map(|part| part.trim_start_matches("diff --git ")) {
        let name = part.lines().find_map(|line| line.strip_prefix("+++ b/")).expect("a file").to_owned();
        let is_new = part.contains("\n--- /dev/null\n");
        let mut text =
            if is_new { String::new() } else { fs::read_to_string(source.join(&name)).expect("text") };
        for hunk in part.split("\n@@ ").skip(1) {
            let lines: Vec<&str> = hunk.lines().skip(1).collect();
            let side = |other: char| {
                let own = lines.iter().filter(|line| !line.starts_with(other));
                own.map(|line| format!("{}\n", line.get(1..).unwrap_or_default()))
                    .collect::<Vec<_>>()
                    .concat()
            };
            let (before, after) = (side('+'), side('-'));
            if is_new {
                text = after;
            } else {
                assert_eq!(
                    text.matches(&before).count(),
                    1,
                    "{name} has changed; regenerate the diff:\n{before}"
                );
                text = text.replace(&before, &after);
            }
        }
        files.insert(name, text);
    }
    files
}

#[test]
fn every_diff_in_the_walkthrough_fits_and_works() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read =
        |name| fs::read_to_string(source.join(format!("docs/walkthrough/{name}.diff"))).expect("a diff");
    let files: Vec<_> = DIFFS.iter().flat_map(|name| applied(&read(name), source)).collect();
    if Tier::now() == Tier::Fast {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let copy = folder.path();
    subject::copy_source(source, copy);
    for (name, text) in files {
        fs::write(copy.join(name), text).expect("a file");
    }
    for arguments in TESTS {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["test", "--quiet", "--no-default-features", "--features", "cli"]).args(arguments);
        cargo.current_dir(copy).env("CARGO_TARGET_DIR", subject::target_of_copies(source));
        cargo.env_remove("TAPER_TRUST_REPORT").env("TAPER_TRUST", "fast").stdin(Stdio::null());
        let output = cargo.output().expect("cargo runs");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && !text.contains("running 0 tests"),
            "{arguments:?}: {text}{output:?}"
        );
    }
}
