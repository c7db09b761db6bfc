use super::*;

#[test]
fn runs_are_numbered_and_never_overwritten() {
    let runs = tempfile::tempdir().unwrap();
    let first = RunFolder::create_next(runs.path(), "a").unwrap();
    let second = RunFolder::create_next(runs.path(), "a").unwrap();
    assert!(first.path().ends_with("a-0001"));
    assert!(second.path().ends_with("a-0002"));
    assert_eq!(RunFolder::latest(runs.path(), "a").unwrap(), second.path());
    assert!(RunFolder::latest(runs.path(), "b").is_none());
    fs::create_dir(runs.path().join("a-7")).unwrap();
    assert_eq!(RunFolder::latest(runs.path(), "a").unwrap(), second.path());
    fs::create_dir(runs.path().join("a-4294967295")).unwrap();
    assert!(RunFolder::create_next(runs.path(), "a").unwrap().path().ends_with("a-4294967296"));
}

#[test]
fn leftovers_of_a_killed_process_are_not_a_run() {
    let folder = tempfile::tempdir().unwrap();
    for name in [".lock", ".tmp-config.toml-1"] {
        fs::write(folder.path().join(name), "").unwrap();
    }
    let run = RunFolder::create(folder.path(), false).unwrap();
    assert!(!folder.path().join(".tmp-config.toml-1").exists());
    drop(run);
    fs::write(folder.path().join("config.toml"), "x").unwrap();
    fs::write(folder.path().join(".tmp-summary.json-1"), "").unwrap();
    assert!(RunFolder::create(folder.path(), true).is_ok());
}

#[test]
fn two_writers_are_refused() {
    let runs = tempfile::tempdir().unwrap();
    let first = RunFolder::create_next(runs.path(), "a").unwrap();
    assert_eq!(RunFolder::open(first.path()).unwrap_err().exit_code(), 7);
    let path = first.path().to_path_buf();
    fs::write(path.join("config.toml"), "x").unwrap();
    assert_eq!(RunFolder::create(&path, false).unwrap_err().exit_code(), 7);
    assert_eq!(RunFolder::create(&path, true).unwrap_err().exit_code(), 7);
    drop(first);
    assert_eq!(RunFolder::create(&path, false).unwrap_err().exit_code(), 2);
    assert!(RunFolder::open(&path).is_ok());
}

#[test]
fn force_clears_only_runs() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("config.toml"), "x").unwrap();
    assert_eq!(RunFolder::create(folder.path(), false).unwrap_err().exit_code(), 2);
    RunFolder::create(folder.path(), true).unwrap();
    assert!(!folder.path().join("config.toml").exists());
    fs::write(folder.path().join("thesis.tex"), "x").unwrap();
    assert_eq!(RunFolder::create(folder.path(), true).unwrap_err().exit_code(), 2);
    assert!(folder.path().join("thesis.tex").exists());
}
