//! The flags and config files of `tensorflow_model_server`, which `taper serve` takes as they are.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::life::trained;
use super::{Client, Served};
use crate::workspace::Workspace;

/// The numbers of the versions of a model that are served, in ascending order.
fn versions(server: &Served, model: &str) -> Vec<u64> {
    let status = server.client().get(&format!("/v1/models/{model}")).json();
    let states = status["model_version_status"].as_array().expect("versions").iter();
    let numbers = states.map(|state| state["version"].as_str().and_then(|text| text.parse().ok()));
    let mut numbers: Vec<u64> = numbers.map(|number| number.expect("a number")).collect();
    numbers.sort_unstable();
    numbers
}

/// A workspace with a trained line in `run`, and as versions 1 to 4 in `versions`.
fn versioned() -> Workspace {
    let workspace = trained();
    let model = workspace.read("run/checkpoints/step-00000001/model.safetensors");
    for version in 1..=4 {
        workspace.file(&format!("versions/{version}/model.safetensors"), &model);
    }
    workspace
}

#[test]
fn every_flag_of_the_usual_command_is_accepted() {
    let workspace = trained();
    workspace
        .file("monitoring", "prometheus_config { enable: true, path: '/monitoring/prometheus/metrics' }");
    workspace.file("batching", "max_batch_size { value: 128 }");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let port = format!("--rest_api_port={free}");
    let mut command = workspace.command(&[
        "serve",
        &port,
        "--model_name=my_model",
        "--model_base_path=./run",
        "--port=8500",
        "--file_system_poll_wait_seconds=2",
        "--max_num_load_retries=5",
        "--load_retry_interval_micros=60000000",
        "--enable_batching=false",
        "--batching_parameters_file=batching",
        "--monitoring_config_file=monitoring",
        "--enable_model_warmup",
        "--rest_api_timeout_in_ms=30000",
        "--rest_api_num_threads=16",
        "--rest_api_enable_cors_support",
        "--tensorflow_session_parallelism=0",
    ]);
    let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let end = Instant::now() + Duration::from_secs(30);
    while std::net::TcpStream::connect(("127.0.0.1", free)).is_err() {
        assert!(Instant::now() < end, "not listening");
        std::thread::sleep(Duration::from_millis(20));
    }
    let origin = [("Origin", "https://example.com")];
    let answer =
        Client::connect(&format!("127.0.0.1:{free}")).request("GET", "/v1/models/my_model", &origin, b"");
    process.kill().unwrap();
    let stderr = String::from_utf8(process.wait_with_output().unwrap().stderr).unwrap();
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, Some("*")));
    for flag in ["--port", "--max_num_load_retries", "--batching_parameters_file", "--enable_batching"] {
        assert!(stderr.contains(&format!("{flag} has no effect")), "{flag}: {stderr}");
    }
    for flag in ["--model_name", "--enable_model_warmup", "--monitoring_config_file"] {
        assert!(!stderr.contains(flag), "{flag}: {stderr}");
    }
}

#[test]
fn the_models_of_a_config_file_are_served_with_their_versions_and_labels() {
    let workspace = versioned();
    workspace.file(
        "models.config",
        "# Several models.
model_config_list {
  config { name: 'run' base_path: 'run' model_platform: 'tensorflow' }
  config { name: 'last' base_path: 'versions' }
  config { name: 'two' base_path: 'versions' model_version_policy { latest { num_versions: 2 } } }
  config { name: 'all' base_path: 'versions' model_version_policy { all {} } }
  config {
    name: 'some' base_path: 'versions'
    model_version_policy { specific { versions: 1 versions: 3 versions: 9 } }
    version_labels { key: 'stable' value: 1 }
    version_labels { key: 'canary' value: 3 }
  }
}
",
    );
    let flags = ["--model_config_file=models.config", "--model_name=x", "--model_base_path=nowhere"];
    let server = Served::start(&workspace, &flags);
    let found = ["run", "last", "two", "all", "some"].map(|model| versions(&server, model));
    assert_eq!(found, [vec![1], vec![4], vec![3, 4], vec![1, 2, 3, 4], vec![1, 3]]);
    let mut client = server.client();
    let mut predict =
        |path: &str| client.post(&format!("/v1/models/{path}:predict"), "{\"instances\":[1]}").status;
    assert_eq!(predict("some/labels/stable"), 200);
    assert_eq!(predict("some/labels/canary"), 200);
    assert_eq!(predict("some/labels/other"), 400);
    assert_eq!(predict("some/versions/3"), 200);
    assert_eq!(predict("some/versions/4"), 404);
    assert_eq!(client.get("/v1/models/x").status, 404);
}

#[test]
fn mistakes_in_a_config_file_have_their_place_and_a_remedy() {
    let workspace = versioned();
    let said = |config: &str, more: &[&str]| {
        workspace.file("models.config", config);
        let outcome = workspace.run(&[&["serve", "--model_config_file=models.config"], more].concat());
        (outcome.code, outcome.messages())
    };
    let one =
        |content: &str| format!("model_config_list {{\n  config {{\n    name: 'm'\n{content}\n  }}\n}}\n");
    let (code, text) = said(&one("    base_paht: 'run'"), &[]);
    assert!(code == 2 && text.contains("models.config:4:5: unsupported field `base_paht`"), "{text}");
    assert!(text.contains("did you mean `base_path`?"), "{text}");
    let (code, text) = said(&one("    base_path: 'gs://a/b'"), &[]);
    assert!(
        code == 2 && text.contains("models.config:4:5: models are read from file systems only"),
        "{text}"
    );
    let (code, text) = said(&one("    base_path: 'nowhere'"), &[]);
    assert!(code == 4 && text.contains("nowhere: does not exist"), "{text}");
    let some = "model_version_policy { specific { versions: 7 versions: 8 } }";
    let (code, text) = said(&one(&format!("base_path: 'versions' {some}")), &[]);
    assert!(
        code == 4 && text.contains("holds none of the versions in `versions` (7, 8); it holds 1, 2, 3, 4"),
        "{text}"
    );
    let (code, text) = said(&one(&format!("base_path: 'run' {some}")), &[]);
    assert!(
        code == 4 && text.contains("is not a folder of versions") && text.contains("remove `versions`"),
        "{text}"
    );
    let (code, text) = said(&one("base_path: 'run'"), &["run"]);
    assert!(code == 2 && text.contains("cannot be used with"), "{text}");
    workspace.file("monitoring", "prometheus_config {\n  path: '/other'\n}");
    let (code, text) = said(&one("base_path: 'run'"), &["--monitoring_config_file=monitoring"]);
    assert!(code == 2 && text.contains("monitoring:2:3: metrics are at"), "{text}");
    let (code, text) = said(&one("base_path: 'run'"), &["--model_config_file=absent"]);
    assert!(code == 2, "{text}");
}
