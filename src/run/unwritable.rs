//! Explains why a run folder can no longer be written to, with the remedy.

use std::io::ErrorKind;
use std::path::Path;

use crate::checkpoint::Store;
use crate::error::Error;
use crate::run_folder::RunFolder;

/// Explains `error` of a run in the folder `run` if the folder is gone or the disk is full. Earlier
/// checkpoints are never deleted to make room, so only the work since the last one is lost.
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
        "cannot write the checkpoint".to_owned()
    } else {
        format!("{}: cannot {action}", file.display())
    };
    match store.steps().unwrap_or_default().first() {
        Some(step) => refuse(format!(
            "{what}: {source}; the checkpoint of step {step} is kept; free disk space, then run: {}",
            RunFolder::resume_command(run)
        )),
        None => refuse(format!("{what}: {source}; free disk space, then start again")),
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
    fn the_error_of_a_full_disk_names_what_is_kept_and_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("my run");
        std::fs::create_dir(&run).unwrap();
        let model = "checkpoints/.tmp-step-00000009-1/model.safetensors";
        for kind in [ErrorKind::StorageFull, ErrorKind::QuotaExceeded] {
            let text = told(&run, model, kind);
            assert!(text.contains("my run: cannot write the checkpoint: "), "{text}");
            assert!(text.ends_with("; free disk space, then start again"), "{text}");
        }
        std::fs::create_dir_all(run.join("checkpoints/step-00000007")).unwrap();
        let text = told(&run, model, ErrorKind::StorageFull);
        let resume = RunFolder::resume_command(&run);
        assert!(
            text.ends_with(&format!("the checkpoint of step 7 is kept; free disk space, then run: {resume}")),
            "{text}"
        );
        let text = told(&run, "events.jsonl", ErrorKind::StorageFull);
        assert!(text.contains("my run: events.jsonl: cannot write it: "), "{text}");
    }

    #[test]
    fn a_deleted_folder_is_explained_and_other_errors_are_unchanged() {
        let folder = tempfile::tempdir().unwrap();
        let text = told(&folder.path().join("gone"), "checkpoints", ErrorKind::NotFound);
        assert!(text.contains("gone: the run folder was moved or deleted while training"), "{text}");
        let text = told(folder.path(), "events.jsonl", ErrorKind::PermissionDenied);
        assert!(text.contains("events.jsonl: cannot write it: permission denied"), "{text}");
    }
}
