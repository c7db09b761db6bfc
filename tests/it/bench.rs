//! `taper bench`: its reports, comparisons and refusals, regardless of speed.

use serde_json::{Value, json};

use crate::workspace::{Outcome, Workspace};

const QUICK: [&str; 5] = ["bench", "--seconds", "0.2", "--config", "linear_regression"];

/// Runs a quick measurement with additional arguments.
fn bench(workspace: &Workspace, arguments: &[&str]) -> Outcome {
    workspace.run(&[&QUICK[..], arguments].concat())
}

/// The result of a quick measurement, as JSON.
fn report(workspace: &Workspace) -> Value {
    let outcome = bench(workspace, &["--format", "json"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    outcome.json()
}

fn above_zero(report: &Value, pointer: &str) -> f64 {
    let value = report.pointer(pointer).and_then(Value::as_f64);
    value.filter(|value| *value > 0.0).unwrap_or_else(|| panic!("{pointer} in {report:#}"))
}

fn near(a: f64, b: f64) -> bool {
    (a / b - 1.0).abs() < 1e-6
}

#[test]
fn the_report_is_complete_and_consistent() {
    let workspace = Workspace::new();
    for (config, name, parameters, batch_size) in
        [("linear_regression", "linear-regression", 2, 10), ("synthetic_mlp", "synthetic-mlp", 31_310, 32)]
    {
        let arguments =
            ["bench", "--config", config, "--seconds", "0.2", "--format", "json", "--threads", "2"];
        let report = workspace.ok(&arguments).json();
        for (field, expected) in [
            ("config", json!(name)),
            ("parameters", json!(parameters)),
            ("batch_size", json!(batch_size)),
            ("threads", json!(2)),
            ("device", json!("cpu")),
            ("data", json!("real")),
            ("taper", json!(env!("CARGO_PKG_VERSION"))),
        ] {
            assert_eq!(report[field], expected, "{field}");
        }
        assert!(["graph", "fused"].iter().any(|engine| report["engine"] == *engine), "{}", report["engine"]);
        assert!(["avx512", "avx2", "portable"].iter().any(|isa| report["isa"] == *isa), "{}", report["isa"]);
        let phases = report["phases_us"].as_object().expect("a map");
        assert!(phases.values().all(|time| time.as_f64().is_some_and(|time| time >= 0.0)), "{phases:?}");

        let per_sample = above_zero(&report, "/us_per_sample");
        assert!(near(per_sample * f64::from(batch_size), above_zero(&report, "/step_us/median")));
        assert!(near(1e6 / per_sample, above_zero(&report, "/samples_per_second")));
        for times in ["/step_us", "/inference/latency_us"] {
            let [p10, median, p90] =
                ["p10", "median", "p90"].map(|name| above_zero(&report, &format!("{times}/{name}")));
            assert!(p10 <= median && median <= p90, "{times}: {p10} {median} {p90}");
        }
        above_zero(&report, "/gflops");
        above_zero(&report, "/inference/us_per_sample");
        if report["roofline"].is_null() {
            // The share is omitted if other processes kept the machine from reaching its training speed
            // again.
            above_zero(&report, "/other_processes/busy_cores");
            continue;
        }
        above_zero(&report, "/roofline/gflops");
        above_zero(&report, "/roofline/gbps");
        let floor = above_zero(&report, "/roofline/floor_us_per_sample");
        assert!(near(floor / per_sample, above_zero(&report, "/roofline/share")));
    }
}

#[test]
fn the_table_goes_to_stdout_and_no_run_folder_is_made() {
    let workspace = Workspace::new();
    let outcome = bench(&workspace, &[]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    for part in ["linear-regression: 2 parameters", "us/sample", "samples/s", "GFLOP/s", "latency"] {
        assert!(outcome.stdout.contains(part), "{part} is not in:\n{}", outcome.stdout);
    }
    let has_floor = outcome.stdout.contains("floor");
    assert!(has_floor || outcome.stderr.contains("other processes"), "{}{}", outcome.stdout, outcome.stderr);
    assert!(!outcome.stderr.contains("us/sample"), "{}", outcome.stderr);
    assert!(!workspace.path("runs").exists());
}

#[test]
fn a_measurement_is_not_limited_by_the_epochs_of_the_config() {
    // One step, repeated from the initial weights, where a second step would diverge.
    let workspace = Workspace::new();
    let once = ["--set", "train.epochs=1", "--set", "optimizer.sgd.learning_rate=1e30"];
    let outcome = bench(&workspace, &once);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let outcome = bench(&workspace, &["--set", "optimizer.sgd.learning_rate=1e30"]);
    assert_eq!(outcome.code, 5, "{}", outcome.stderr);
}

#[test]
fn a_batch_is_no_larger_than_the_data() {
    let workspace = Workspace::new();
    let outcome = bench(&workspace, &["--format", "json", "--set", "train.batch_size=64"]);
    assert_eq!(outcome.json()["batch_size"], 10);
    assert_eq!(outcome.json()["inference"]["batch_size"], 10);
}

#[test]
fn a_slower_result_than_the_baseline_fails_with_both_numbers() {
    let workspace = Workspace::new();
    let mut baseline = report(&workspace);
    baseline["us_per_sample"] = json!(1e-6);
    workspace.file("fast.json", baseline.to_string());
    for format in ["text", "json"] {
        let outcome = bench(&workspace, &["--baseline", "fast.json", "--format", format]);
        // 9 if other processes keep this machine busy.
        assert!(matches!(outcome.code, 6 | 9), "{}", outcome.stderr);
        assert!(!outcome.stdout.is_empty(), "the result is shown nevertheless");
        let error = outcome.stderr.lines().filter(|line| line.starts_with("error: ")).collect::<Vec<_>>();
        assert_eq!(error.len(), 1, "{}", outcome.stderr);
        for part in ["us per sample", "0.000 us", "allows 10 %"] {
            assert!(error[0].contains(part), "{part} is not in: {}", error[0]);
        }
    }
}

#[test]
fn a_result_within_the_tolerance_passes() {
    let workspace = Workspace::new();
    let mut baseline = report(&workspace);
    baseline["us_per_sample"] = json!(1e9);
    workspace.file("slow.json", baseline.to_string());
    let outcome =
        bench(&workspace, &["--baseline", "slow.json", "--max-regression", "0", "--format", "json"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let compared = &outcome.json()["baseline"];
    assert_eq!(compared["us_per_sample"], 1e9);
    assert!(compared["change"].as_f64().is_some_and(|change| change < 0.0), "{compared}");
    let outcome = bench(&workspace, &["--baseline", "slow.json"]);
    assert!(outcome.stdout.contains("baseline") && outcome.stdout.contains("faster"), "{}", outcome.stdout);
}

#[test]
fn a_result_can_be_its_own_baseline() {
    let workspace = Workspace::new();
    workspace.file("same.json", report(&workspace).to_string());
    let outcome = bench(&workspace, &["--baseline", "same.json", "--max-regression", "1000000%"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
}

#[test]
fn a_baseline_of_another_measurement_is_refused_naming_the_field() {
    let workspace = Workspace::new();
    let right = report(&workspace);
    for (field, other) in [
        ("config", json!("other")),
        ("parameters", json!(3)),
        ("batch_size", json!(11)),
        ("engine", json!("steam")),
        ("device", json!("cuda:0")),
        ("threads", json!(1025)),
    ] {
        let mut baseline = right.clone();
        baseline[field] = other;
        workspace.file("other.json", baseline.to_string());
        let outcome = bench(&workspace, &["--baseline", "other.json"]);
        assert_eq!(outcome.code, 2, "{field}: {}", outcome.stderr);
        assert!(
            outcome.messages().contains(&format!("a different {field}: ")),
            "{field}: {}",
            outcome.stderr
        );
        assert_eq!(outcome.stdout, "", "nothing was measured");
    }
}

#[test]
fn an_invalid_baseline_is_a_usage_error() {
    let workspace = Workspace::new();
    let mut without = report(&workspace);
    without["us_per_sample"] = Value::Null;
    let mut zero = without.clone();
    zero["us_per_sample"] = json!(0);
    for (file, content) in [
        ("empty.json", String::new()),
        ("list.json", "[]".to_owned()),
        ("without.json", without.to_string()),
        ("zero.json", zero.to_string()),
    ] {
        workspace.file(file, content);
    }
    for file in ["empty.json", "list.json", "without.json", "zero.json", "missing.json", "."] {
        let outcome = bench(&workspace, &["--baseline", file]);
        assert_eq!(outcome.code, 2, "{file}: {}", outcome.stderr);
        let messages = outcome.messages();
        assert!(messages.lines().count() == 1 && messages.contains(file), "{file}: {messages}");
    }
}

#[test]
fn invalid_flags_are_explained() {
    let workspace = Workspace::new();
    for (arguments, explanation) in [
        (&["--seconds", "0"][..], "above 0"),
        (&["--seconds", "nan"], "above 0"),
        (&["--max-regression", "10%"], "--baseline"),
        (&["--baseline", "a", "--max-regression", "10"], "10%"),
        (&["--baseline", "a", "--max-regression", "much"], "10% or 0.1"),
    ] {
        let outcome = workspace.run(&[&["bench"], arguments].concat());
        assert_eq!(outcome.code, 2, "{arguments:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(explanation), "{arguments:?}: {}", outcome.stderr);
    }
}

#[test]
fn random_samples_stand_in_for_a_missing_data_set() {
    let workspace = Workspace::new();
    let arguments = ["bench", "--config", "mnist_mlp_64", "--seconds", "0.2", "--format", "json"];
    let outcome = workspace.ok(&arguments);
    assert_eq!(outcome.json()["data"], "random");
    assert_eq!(outcome.json()["parameters"], 784 * 64 + 64 + 64 * 64 + 64 + 64 * 10 + 10);
    let said = outcome.stderr.lines().filter(|line| line.contains("random samples")).collect::<Vec<_>>();
    assert!(said.len() == 1 && said[0].contains("mnist"), "{}", outcome.stderr);
}

#[test]
fn damaged_data_and_data_of_unknown_shape_are_errors() {
    let workspace = Workspace::new();
    let missing = ["bench", "--set", "data={npz={path='none.npz'}}"];
    let outcome = workspace.run(&missing);
    assert_eq!(outcome.code, 3, "{}", outcome.stderr);
    workspace.file("rows.csv", "a,y\n1,zero\nx,one\n");
    let damaged = ["bench", "--set", "data={csv={path='rows.csv', target='y', features=['a']}}"];
    let outcome = workspace.run(&damaged);
    assert_eq!(outcome.code, 3, "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("random"), "{}", outcome.stderr);
}
