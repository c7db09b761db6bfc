//! Rules about the source itself.

use std::fs;
use std::path::{Path, PathBuf};

/// The modules by floor: each may use those below it, and its own.
const FLOORS: &[&[&str]] = &[
    &["config", "digest", "panics", "shape", "random", "presets"],
    &["error", "init"],
    &["threads", "device", "durable", "ops"],
    &["data", "layers", "optimizer"],
    &["loss", "metrics", "model"],
    &["engine", "gate", "checkpoint"],
    &["train"],
    &["experiment"],
    &["run", "run_folder"],
    &["bench"],
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// All source files of the library and the program, with their text.
fn sources() -> Vec<(PathBuf, String)> {
    let mut folders = vec![root()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("text");
                files.push((path.strip_prefix(root()).expect("below src").to_path_buf(), text));
            }
        }
    }
    files
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

/// The top-level module that a file belongs to.
fn module(path: &Path) -> String {
    let first = path.components().next().expect("a part").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// The part of a file before its unit tests.
fn code(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or_default()
}

#[test]
fn imports_go_down() {
    for (path, text) in sources() {
        let own = module(&path);
        let Some(own_floor) = floor(&own) else { continue };
        let lines = code(&text).lines().filter(|line| !line.trim_start().starts_with("//"));
        let code: String = lines.collect::<Vec<_>>().join("\n");
        for part in code.split("crate::").skip(1) {
            let used: String = part.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            if used == own {
                continue;
            }
            if let Some(used_floor) = floor(&used) {
                assert!(used_floor < own_floor, "{}: `{own}` may not use `{used}`", path.display());
            }
        }
    }
}

#[test]
fn every_module_has_a_floor() {
    let program = ["main", "lib", "cli", "commands", "terminal"];
    for (path, _) in sources() {
        let module = module(&path);
        assert!(floor(&module).is_some() || program.contains(&module.as_str()), "{module} has no floor");
    }
}

#[test]
fn every_member_file_is_registered() {
    for section in ["data", "layers", "loss", "optimizer"] {
        let registry = fs::read_to_string(root().join(section).join("mod.rs")).expect("a registry");
        let words =
            registry.split("registry! {").nth(1).and_then(|text| text.split("}\n}").next()).expect("a list");
        for entry in fs::read_dir(root().join(section)).expect("a section") {
            let path = entry.expect("an entry").path();
            let text = fs::read_to_string(&path).unwrap_or_default();
            if path.extension().is_some_and(|extension| extension == "rs")
                && code(&text).contains("pub struct Config")
            {
                let name = path.file_stem().expect("a name").to_string_lossy();
                assert!(
                    words.contains(name.as_ref()),
                    "{section}/{name}.rs is not registered in {section}/mod.rs"
                );
            }
        }
    }
}

#[test]
fn no_crate_but_the_kernels_may_contain_unsafe_code() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let roots = [
        "src/lib.rs",
        "src/main.rs",
        "benches/step.rs",
        "benches/kernels/main.rs",
        "benches/program/main.rs",
        "benches/versus_candle/main.rs",
        "benches/versus_candle/system_allocator.rs",
        "tests/it/main.rs",
        "tests/trust/main.rs",
        "fuzz/src/lib.rs",
    ];
    for root in roots {
        let text = fs::read_to_string(package.join(root)).expect("text");
        assert!(text.contains("\n#![forbid(unsafe_code)]\n"), "{root} does not forbid unsafe code");
    }
}

#[test]
fn only_the_terminal_prints() {
    for (path, text) in sources() {
        let prints = ["println!", "print!(", "eprint!(", "io::stdout()", "io::stderr()"];
        let found = prints.iter().any(|print| code(&text).contains(print));
        let allowed = path.starts_with("terminal.rs") || path.starts_with("commands");
        assert!(!found || allowed, "{}", path.display());
    }
}

#[test]
fn names_say_what_is_inside() {
    for (path, _) in sources() {
        let stem = path.file_stem().expect("a name").to_string_lossy();
        let empty = ["utils", "util", "helpers", "helper", "base", "common", "manager", "misc"];
        assert!(!empty.contains(&stem.as_ref()), "{}", path.display());
    }
}

#[test]
fn logic_stays_short() {
    for (path, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= 400, "{}: {lines} lines", path.display());
    }
}
