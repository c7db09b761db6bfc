//! What operators get next to `taper serve`: metrics for the dashboard and the alerts of docs/deploy, and the states that
//! systemd waits for.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use taper::config::Input;

use super::Served;
use super::authority::Authority;
use crate::workspace::Workspace;

/// A workspace with a small network in `run`.
fn trained() -> Workspace {
    let workspace = Workspace::new();
    workspace.ok(&["train", "--set", "train.max_steps=2", "--run-dir", "run", "--progress", "none"]);
    workspace
}

/// The names of the samples in `metrics`, each with the names of its labels.
fn exposed(metrics: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in metrics.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap_or_default();
        let labels =
            line.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map_or("", |found| found.0);
        let names =
            labels.split(',').filter_map(|label| label.split_once('=')).map(|(name, _)| name.to_owned());
        all.entry(name.to_owned()).or_default().extend(names);
    }
    all
}

/// The metrics in an expression of Prometheus, each with the labels that it selects by.
fn selected(expression: &str) -> Vec<(String, Vec<String>)> {
    const WORDS: [&str; 10] =
        ["and", "or", "unless", "group_left", "group_right", "bool", "offset", "sum", "min", "max"];
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let mut found = Vec::new();
    let mut rest = expression;
    while let Some(start) = rest.find(is_part) {
        // Ranges and labels to group by hold no metric.
        rest = &rest[start..];
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        let is_metric = !word.starts_with(|c: char| c.is_ascii_digit()) && !WORDS.contains(&word);
        if matches!(word, "by" | "on" | "without" | "ignoring") {
            rest = rest.split_once(')').map_or("", |(_, after)| after);
        } else if is_metric && !rest.starts_with('(') {
            let mut labels = Vec::new();
            if let Some((inside, after)) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
                let matchers = inside.split(',').filter_map(|matcher| matcher.split(['=', '!']).next());
                labels.extend(matchers.map(ToOwned::to_owned));
                rest = after;
            }
            found.push((word.to_owned(), labels));
        }
        if let Some(range) = rest.strip_prefix('[') {
            rest = range.split_once(']').map_or("", |(_, after)| after);
        }
    }
    found
}

/// The strings called `expr` anywhere in `json`.
fn expressions(json: &serde_json::Value, found: &mut Vec<String>) {
    match json {
        serde_json::Value::Object(members) => {
            for (name, value) in members {
                if let ("expr", Some(text)) = (name.as_str(), value.as_str()) {
                    found.push(text.to_owned());
                }
                expressions(value, found);
            }
        }
        serde_json::Value::Array(values) => values.iter().for_each(|value| expressions(value, found)),
        _ => {}
    }
}

#[test]
fn every_query_of_the_dashboard_and_of_the_alerts_names_a_metric_that_exists() {
    // Over HTTPS, which has a metric of its own.
    let (workspace, authority) = (trained(), Authority::new());
    authority.issue().install(&workspace);
    let arguments = ["model=run", "--tls-certificate", "tls.crt", "--tls-key", "tls.key"];
    let server = Served::start(&workspace, &arguments);
    let metrics = authority.connect(&server.address, None).expect("a connection").get("/metrics");
    assert_eq!(metrics.status, 200);
    let exposed = exposed(metrics.text());

    let mut queries = Vec::new();
    let dashboard = include_str!("../../../docs/deploy/grafana.json");
    expressions(&serde_json::from_str(dashboard).expect("JSON"), &mut queries);
    let panels = queries.len();
    let alerts = include_str!("../../../docs/deploy/alerts.yaml").lines();
    queries.extend(alerts.filter_map(|line| line.trim().strip_prefix("expr: ")).map(ToOwned::to_owned));
    assert!(panels >= 20 && queries.len() >= panels + 10, "{panels} of {}", queries.len());
    for query in queries {
        let metrics = selected(&query);
        assert!(!metrics.is_empty(), "{query}");
        for (name, labels) in metrics {
            let known = exposed.get(&name).unwrap_or_else(|| panic!("there is no metric {name}: {query}"));
            for label in labels.iter().filter(|label| *label != "instance") {
                assert!(known.contains(label), "{name} has no label {label}: {query}");
            }
        }
    }
}

#[test]
fn the_metrics_of_a_query_are_found() {
    let found =
        selected(r#"sum by (le, model) (rate(a_b{x="1",y=~"z.*"}[5m])) / max(:c:d) > 0.9 and on (i) e"#);
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["a_b", ":c:d", "e"]);
    assert_eq!(found[0].1, ["x", "y"]);
}

#[test]
fn the_config_for_kubernetes_is_valid() {
    let manifest = include_str!("../../../docs/deploy/kubernetes/config.yaml");
    let (_, config) = manifest.split_once("serve.toml: |\n").expect("a config");
    let text: String =
        config.lines().map(|line| line.strip_prefix("    ").unwrap_or(line).to_owned() + "\n").collect();
    let input = Input { name: "serve.toml".to_owned(), text: text.into_bytes(), ..Input::default() };
    let config = taper::serve::Config::from_input(&input, None).expect("a valid config");
    assert!(config.tls.is_some() && config.auth.tokens.is_some());
    assert!(
        config.drain_delay + config.drain_timeout < 45.0,
        "terminationGracePeriodSeconds, TimeoutStopSec"
    );
}

#[test]
fn systemd_is_told_when_a_server_is_ready_works_and_stops() {
    let workspace = trained();
    let path = workspace.path("notify");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    socket.set_read_timeout(Some(Duration::from_mins(1))).expect("a time limit");
    let next = || {
        let mut buffer = [0; 64];
        let length = socket.recv(&mut buffer).expect("a notification");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    let environment = [
        ("NOTIFY_SOCKET", path.to_str().expect("UTF-8")),
        ("WATCHDOG_USEC", "1000000"),
        ("WATCHDOG_PID", ""),
    ];
    let server = Served::start_with(&workspace, &["run"], &environment);
    assert_eq!(next(), "READY=1");
    assert_eq!((next(), next()), ("WATCHDOG=1".to_owned(), "WATCHDOG=1".to_owned()));
    assert_eq!(server.client().get("/readyz").text(), "ready\n");
    server.signal("TERM");
    while next() != "STOPPING=1" {}
    assert_eq!(server.wait(Duration::from_mins(1)).0.code(), Some(0));
}

#[test]
fn a_server_that_nobody_waits_for_starts_all_the_same() {
    let environment = [("NOTIFY_SOCKET", "/nowhere/at/all"), ("WATCHDOG_USEC", "nonsense")];
    let server = Served::start_with(&trained(), &["run"], &environment);
    assert_eq!(server.client().get("/healthz").text(), "ok\n");
    server.signal("TERM");
    assert_eq!(server.wait(Duration::from_mins(1)).0.code(), Some(0));
}
