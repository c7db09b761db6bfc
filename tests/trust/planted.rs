//! Controls: a proof that cannot fail proves nothing. Each fault here is planted into a copy of the source,
//! and the test that should catch it must fail.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::subject;
use crate::tier::{Tier, report};

/// A fault: `right`, which occurs once in `file`, is replaced by `wrong`; `caught_by` is a test of this
/// binary.
struct Fault {
    name: &'static str,
    file: &'static str,
    right: &'static str,
    wrong: &'static str,
    caught_by: &'static str,
}

const FAULTS: &[Fault] = &[
    Fault {
        name: "a file is not flushed",
        file: "src/durable.rs",
        right: r#"file.sync_all().map_err(Error::io(path, "flush it to the disk"))"#,
        wrong: "Ok(())",
        caught_by: "saves::every_file_and_name",
    },
    Fault {
        name: "a checkpoint gets its name before its folder is flushed",
        file: "src/durable.rs",
        right: "    }\n    sync_folder(folder)\n}",
        wrong: "    }\n    Ok(())\n}",
        caught_by: "saves::every_file_and_name",
    },
    Fault {
        name: "the folder above is flushed before the name is in it",
        file: "src/durable.rs",
        right: "    let replaces = path.exists();",
        wrong: "    sync_folder(parent)?;\n    let sync_folder = |_: &Path| -> Result<()> { Ok(()) };\n    let replaces = path.exists();",
        caught_by: "saves::every_file_and_name",
    },
    Fault {
        name: "old checkpoints are deleted before the new one is written",
        file: "src/train/save.rs",
        right: "        state.files = self.callbacks.files()?;",
        wrong: "        self.store.remove_later(0)?;\n        state.files = self.callbacks.files()?;",
        caught_by: "saves::a_kill_at",
    },
    Fault {
        name: "random numbers are counted from the start of the process",
        file: "src/train/trainer.rs",
        right: "let (number, samples) = (state.position.step, batch.samples.len());",
        wrong: "static TAKEN: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let taken = TAKEN.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let (number, samples) = (taken, batch.samples.len());",
        caught_by: "every_step::a_run_resumed",
    },
    Fault {
        name: "moments are not restored",
        file: "src/checkpoint/read.rs",
        right: "weights::restore(&all, bytes, &self.place.join(OPTIMIZER))",
        wrong: "weights::metadata(bytes, &self.place).map(|_| drop(all))",
        caught_by: "every_step::a_run_resumed",
    },
    Fault {
        name: "parameters are in the order of a hash table",
        file: "src/network/parameters.rs",
        right: "        let names = self.trainable_names();",
        wrong:
            "        let names = self.trainable_names().into_iter().collect::<std::collections::HashSet<_>>();
        let names = names.into_iter().collect::<Vec<_>>();",
        caught_by: "every_step::a_run_resumed",
    },
    Fault {
        name: "metadata is written in random order",
        file: "src/checkpoint/weights.rs",
        right: "HashMap::from([(METADATA.to_owned(), metadata.to_owned())])",
        wrong: r#"HashMap::from([(METADATA.to_owned(), metadata.to_owned()), ("format".to_owned(), "pt".to_owned())])"#,
        caught_by: "every_step::a_run_resumed",
    },
    Fault {
        name: "logs are not truncated when a run resumes",
        file: "src/callbacks/growing.rs",
        right: r#"        file.set_len(size).map_err(Error::io(&path, "truncate it to the checkpoint's size"))?;"#,
        wrong: "",
        caught_by: "every_step::a_run_resumed",
    },
    Fault {
        name: "a signal leaves no checkpoint",
        file: "src/train/save.rs",
        right: "        if is_saved { Ok(()) }",
        wrong: "        let never = is_saved || state.position.step > 0;\n        if never { Ok(()) }",
        caught_by: "signals::a_signal_at_any_moment",
    },
    Fault {
        name: "files are not compared with their sums",
        file: "src/checkpoint/manifest.rs",
        right: "if sha256(&content) != entry.sha256 {",
        wrong: "if sha256(&content).is_empty() {",
        caught_by: "damage::bits::every_wrong_bit",
    },
    Fault {
        name: "a manifest need not be as taper writes it",
        file: "src/checkpoint/manifest.rs",
        right: "is_ok_and(|own| own != text)",
        wrong: "is_ok_and(|own| own.is_empty())",
        caught_by: "damage::folders::manifests_that_taper",
    },
    Fault {
        name: "the sign of a dense layer's gradient is wrong",
        file: "src/ops/dense.rs",
        right: "Ok((dx, Some(dw), bias_gradient(gradient, shape)))",
        wrong: "Ok((dx, Some(dw.neg()?), bias_gradient(gradient, shape)))",
        caught_by: "gradients::every_layer_agrees",
    },
    Fault {
        name: "the sign of the loss's gradient is wrong in the fused engine",
        file: "src/engine/fused/network.rs",
        right: "*to = gradient * scale",
        wrong: "*to = -gradient * scale",
        caught_by: "gradients::whole_networks_agree",
    },
    Fault {
        name: "a value that is not finite is noticed a step later",
        file: "src/engine/fused/mod.rs",
        right: "if !finite {\n            check_finite(&self.parameters, self.optimizer.as_ref(), step + 1)?;\n        }\n        Ok(Step",
        wrong: "if !finite && step == u64::MAX {\n            check_finite(&self.parameters, self.optimizer.as_ref(), step + 1)?;\n        }\n        Ok(Step",
        caught_by: "not_finite::a_value_that_is_not_finite",
    },
    Fault {
        name: "a run folder is not locked",
        file: "src/run_folder.rs",
        right: "match lock.try_lock() {",
        wrong: "match Ok::<(), TryLockError>(()) {",
        caught_by: "races::a_run_that_is_being_trained_has_no_second_writer",
    },
];

impl Fault {
    /// The file with the fault.
    fn planted(&self, source: &Path) -> String {
        let text = fs::read_to_string(source.join(self.file)).expect("a source file");
        assert_eq!(text.matches(self.right).count(), 1, "{}: {} has changed", self.name, self.file);
        text.replace(self.right, self.wrong)
    }

    /// Builds a copy of the source with the fault, and runs the test that should catch it.
    fn is_caught(&self, source: &Path, copy: &Path) -> bool {
        let file = copy.join(self.file);
        fs::write(&file, self.planted(source)).expect("planted");
        let test = |arguments: &[&str]| {
            let mut cargo = Command::new(env!("CARGO"));
            cargo
                .args(["test", "--quiet", "--no-default-features", "--features", "cli", "--test", "trust"])
                .args(arguments);
            cargo.current_dir(copy).env("CARGO_TARGET_DIR", subject::target_of_copies(source));
            cargo.env_remove("TAPER_TRUST_REPORT").env("TAPER_TRUST", "fast").stdin(Stdio::null());
            cargo.output().expect("cargo runs")
        };
        let built = test(&["--no-run"]);
        assert!(built.status.success(), "{}: {}", self.name, String::from_utf8_lossy(&built.stderr));
        let tested = test(&["--", self.caught_by]);
        fs::copy(source.join(self.file), file).expect("restored");
        let output = String::from_utf8_lossy(&tested.stdout);
        assert!(output.contains("running 1 test"), "{}: no such test: {output}", self.caught_by);
        !tested.status.success() && output.contains("FAILED")
    }
}

#[test]
fn every_planted_fault_is_caught() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    for fault in FAULTS {
        assert!(fault.planted(source).contains(fault.wrong));
    }
    if Tier::now() == Tier::Fast {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let copy = folder.path();
    subject::copy_source(source, copy);
    let missed: Vec<&str> =
        FAULTS.iter().filter(|fault| !fault.is_caught(source, copy)).map(|fault| fault.name).collect();
    let names: Vec<&str> = FAULTS.iter().map(|fault| fault.name).collect();
    report("planted faults", &json!({ "planted": names, "missed": missed }));
    assert!(missed.is_empty(), "{missed:?}");
}
