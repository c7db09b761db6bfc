//! Why a run folder cannot be written to any more, and what to do.

use std::io::ErrorKind;
use std::path::Path;

use crate::checkpoint::Store;
use crate::error::Error;
use crate::run_folder::RunFolder;

/// `error` of a run in the folder `run`, in words of the run if its folder is gone or its disk is full. Earlier
/// checkpoints are never deleted for room: the work since is lost, but not that before.
pub fn explain(error: Error, run: &Path, store: &Store) -> Error {
    let Error::Io { path, action, source } = &error else { return error };
    let refuse = |message: String| Error::Unwritable { run: run.to_path_buf(), message };
    if matches!(run.try_exists(), Ok(false)) {
        return refuse(
            "the run folder was moved or deleted while training; if its checkpoints still exist, resume with: \
             taper train --resume FOLDER"
                .to_owned(),
        );
    }
    if !matches!(source.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
        return error;
    }
    let file = path.strip_prefix(run).unwrap_or(path);
    let what = if file.starts_with("checkpoints") {
        "the checkpoint cannot be written".to_owned()
    } else {
        format!("{}: cannot {action}", file.display())
    };
    match store.steps().unwrap_or_default().first() {
        Some(step) => refuse(format!(
            "{what}: {source}; that of step {step} is kept; make room, then: {}",
            RunFolder::resume_command(run)
        )),
        None => refuse(format!("{what}: {source}; make room, then start again")),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn told(run: &Path, file: &str, kind: ErrorKind) -> String {
        let error = Error::io(run.join(file), "write it")(io::Error::from(kind));
        let error = explain(error, run, &Store::new(run));
        assert_eq!(error.exit_code(), 1);
        error.to_string()
    }

    #[test]
    fn a_full_disk_is_told_with_what_is_kept_and_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("my run");
        std::fs::create_dir(&run).unwrap();
        let model = "checkpoints/.tmp-step-00000009-1/model.safetensors";
        for kind in [ErrorKind::StorageFull, ErrorKind::QuotaExceeded] {
            let text = told(&run, model, kind);
            assert!(text.contains("my run: the checkpoint cannot be written: "), "{text}");
            assert!(text.ends_with("; make room, then start again"), "{text}");
        }
        std::fs::create_dir_all(run.join("checkpoints/step-00000007")).unwrap();
        let text = told(&run, model, ErrorKind::StorageFull);
        let resume = RunFolder::resume_command(&run);
        assert!(text.ends_with(&format!("that of step 7 is kept; make room, then: {resume}")), "{text}");
        let text = told(&run, "events.jsonl", ErrorKind::StorageFull);
        assert!(text.contains("my run: events.jsonl: cannot write it: "), "{text}");
    }

    #[test]
    fn a_folder_that_is_gone_is_told_and_other_errors_stay() {
        let folder = tempfile::tempdir().unwrap();
        let text = told(&folder.path().join("gone"), "checkpoints", ErrorKind::NotFound);
        assert!(text.contains("gone: the run folder was moved or deleted while training"), "{text}");
        let text = told(folder.path(), "events.jsonl", ErrorKind::PermissionDenied);
        assert!(text.contains("events.jsonl: cannot write it: permission denied"), "{text}");
    }
}
