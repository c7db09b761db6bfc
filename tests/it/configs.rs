//! Every config in `configs/` passes `taper check` and trains; those of the benchmarks against other programs
//! load.

use std::path::PathBuf;

use taper::config::Input;
use taper::experiment::Experiment;

use crate::workspace::Workspace;

/// All files in `folder` of the repository, by name.
fn files(folder: &str) -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = paths.filter(|path| path.is_file()).collect();
    files.sort();
    files
}

/// The names of all files in `configs/` and `configs/recipes/`.
fn names() -> Vec<String> {
    let name = |file: &PathBuf| file.file_stem().expect("a name").to_string_lossy().into_owned();
    [files("configs"), files("configs/recipes")].iter().flatten().map(name).collect()
}

/// The overrides that make a config quick to try: small data, few and small steps.
fn quick(name: &str, workspace: &Workspace) -> Vec<String> {
    let mut sets = vec!["train.max_steps=2".to_owned(), "train.batch_size=4".to_owned()];
    match name {
        name if name.starts_with("mnist") => {
            // The same shapes and classes without a download.
            sets.push("data={digits={samples=40, test_samples=8}}".to_owned());
        }
        "digits_cnn" | "digits_residual" => sets.push("data.digits.samples=40".to_owned()),
        "images_cnn_224" => draw_images(workspace),
        _ => {}
    }
    sets.into_iter().flat_map(|set| ["--set".to_owned(), set]).collect()
}

/// Two folders with a few images in two colors, of sizes that need resizing.
fn draw_images(workspace: &Workspace) {
    for (class, color) in [("day", [240_u8, 220, 120]), ("night", [10, 10, 60])] {
        for i in 0..4_u8 {
            let size = 180 + 20 * u32::from(i);
            let picture = image::RgbImage::from_fn(size, size, |x, y| {
                image::Rgb(color.map(|value| value.wrapping_add(((x ^ y) % 13) as u8)))
            });
            let path = workspace.file(&format!("data/images/{class}/{i}.png"), "");
            picture.save(&path).expect("a picture");
        }
    }
}

#[test]
fn there_are_ten_configs_and_three_recipes() {
    let expected = [
        "binary_mlp",
        "digits_cnn",
        "digits_residual",
        "images_cnn_224",
        "linear_regression",
        "mnist_cnn",
        "mnist_cnn_plain",
        "mnist_mlp_128",
        "mnist_mlp_64",
        "synthetic_mlp",
        "mnist_cnn_augmented",
        "mnist_deep",
        "mnist_speedrun",
    ];
    assert_eq!(names(), expected);
}

#[test]
fn each_passes_check_without_its_data() {
    let workspace = Workspace::new();
    for name in names() {
        let outcome = workspace.ok(&["check", "--config", &name, "--format", "json", "--no-data"]);
        assert!(outcome.json()["parameters"].as_u64().is_some_and(|n| n > 0), "{name}: {}", outcome.stdout);
    }
}

#[test]
fn benchmark_configs_load_without_problems() {
    let files = files("benches/peers/configs");
    assert_eq!(files.len(), 4);
    for file in files {
        let text = std::fs::read(&file).expect("a config");
        let input = Input { name: file.display().to_string(), text, overrides: Vec::new() };
        if let Err(problems) = Experiment::load(&input) {
            panic!("{problems}");
        }
    }
}

#[test]
fn each_trains_two_steps_and_is_evaluated() {
    for name in names() {
        let workspace = Workspace::new();
        let mut arguments: Vec<String> =
            ["train", "--config", &name, "--run-dir", "run", "--format", "json"].map(str::to_owned).to_vec();
        arguments.extend(quick(&name, &workspace));
        let summary = workspace.ok(&arguments).json();
        assert_eq!(summary["steps"], 2, "{name}");
        let result = workspace.ok(&["eval", "--checkpoint", "run", "--format", "json"]).json();
        assert!(result["loss"].as_f64().is_some_and(f64::is_finite), "{name}: {result}");
    }
}

#[test]
fn a_config_means_the_same_in_json() {
    let workspace = Workspace::new();
    for name in names() {
        let json = workspace.ok(&["config", "show", "--config", &name, "--format", "json"]).stdout;
        workspace.file("x.json", &json);
        let again = workspace.ok(&["config", "show", "--config", "x.json", "--format", "json"]).stdout;
        assert_eq!(json, again, "{name}");
        let toml = workspace.ok(&["config", "show", "--config", &name]).stdout;
        workspace.file("x.toml", &toml);
        let again = workspace.ok(&["config", "show", "--config", "x.toml", "--format", "json"]).stdout;
        assert_eq!(json, again, "{name}");
    }
}

#[test]
fn the_default_reaches_its_accuracy_and_names_the_next_command() {
    let workspace = Workspace::new();
    let outcome = workspace.ok(&["train"]);
    assert!(outcome.stdout.contains("next   taper eval runs/synthetic-mlp-0001"), "{}", outcome.stdout);
    let result =
        workspace.ok(&["eval", "--checkpoint", "runs/synthetic-mlp-0001", "--format", "json"]).json();
    assert!(result["accuracy"].as_f64().is_some_and(|accuracy| accuracy >= 0.95), "{result}");
}

#[test]
fn linear_regression_finds_the_line() {
    let workspace = Workspace::new();
    workspace.ok(&["train", "--config", "linear_regression", "--run-dir", "run"]);
    let result = workspace.ok(&["eval", "--checkpoint", "run", "--format", "json"]).json();
    assert!(result["rmse"].as_f64().is_some_and(|rmse| rmse < 1e-3), "{result}");
    assert!(result["r2"].as_f64().is_some_and(|r2| r2 > 0.999), "{result}");
}

#[test]
fn every_config_names_its_schema_for_editors() {
    let schema = concat!("#:schema ", env!("CARGO_PKG_REPOSITORY"), "/raw/main/docs/taper.schema.json\n");
    for file in [files("configs"), files("configs/recipes")].into_iter().flatten() {
        let text = std::fs::read_to_string(&file).expect("text");
        assert!(text.starts_with(schema), "{}: the first line must be {schema}", file.display());
    }
}
