//! A request to `taper serve`: its first line is a method and a path, the rest its body.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use taper::experiment::Experiment;
use taper::internals::engine::SharedTeam;
use taper::internals::serve::{
    Begun, Capacity, Computed, Metrics, Queue, Record, Registry, Request, Service, Watcher, answer,
};
use taper::run::{Options, Place};
use taper::serve::{Config, ModelConfig};

/// A line, and small pictures: numbers, columns, classes and pixels.
const MODELS: [(&str, &str); 2] = [
    ("m", "data.linear = {}\nloss.mse = {}\nmodel.layers = [{ dense = { units = 1 } }]\n"),
    (
        "p",
        "data.digits = { samples = 40, test_samples = 10 }\nloss.cross_entropy = {}\n\
         model.layers = [{ flatten = {} }, { dense = { units = 10 } }]\n",
    ),
];

static SERVICE: LazyLock<Service> = LazyLock::new(service);

fn service() -> Service {
    let folder = std::env::temp_dir().join(format!("taper-fuzz-{}", std::process::id()));
    let model = |(name, text): (&str, &str)| {
        let text = format!("{text}optimizer.sgd = {{ learning_rate = 0.1 }}\ntrain.max_steps = 1\n");
        let experiment = Experiment::from_toml(&text).expect("a config");
        let place = Place::New { folder: folder.join(name), force: true };
        taper::train(&experiment, Options { place, ..Options::default() }).expect("a run");
        let source: PathBuf = folder.join(name);
        (name.to_owned(), ModelConfig { source, ..ModelConfig::default() })
    };
    let config = Config { models: MODELS.map(model).into(), ..Config::default() };
    let registry = Arc::new(Registry::new(&config.models));
    let metrics = Arc::new(Metrics::new(config.models.keys()));
    let mut watcher = Watcher::new(Arc::clone(&registry), Arc::clone(&metrics), SharedTeam::new(1));
    watcher.load_all().expect("the models are loaded");
    std::fs::remove_dir_all(&folder).expect("the folder is removed");
    let queue = Arc::new(Queue::new(Capacity { jobs: 8, bytes: 1 << 20 }));
    Service::new(config, registry, queue, metrics)
}

/// Answers the request and checks the reply.
pub fn run(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let head = String::from_utf8_lossy(&data[..end]).into_owned();
    let mut words = head.split(' ');
    let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or("/"));
    let body = data.get(end + 1..).unwrap_or_default();
    let request = Request { method, path, json_length: words.next(), body, arrived: Instant::now() };
    let mut record = Record::new();
    let reply = match answer(&SERVICE, &request, &mut record) {
        Begun::Done(reply) => reply,
        Begun::Waiting(mut waiting) => {
            let job = waiting.job.take().expect("a job");
            let Ok(predictions) = job.version.predict(&job.inputs) else { return };
            let (waited, passes) = (Duration::ZERO, Duration::ZERO);
            let computed = Computed { predictions, waited, passes, batch: 1 };
            SERVICE.finish(waiting, Some(Ok(computed)), &mut record)
        }
    };
    assert!((200..600).contains(&reply.status), "{}", reply.status);
    if reply.content_type == "application/json" && !reply.body.is_empty() {
        let value: serde_json::Value = serde_json::from_slice(&reply.body).expect("JSON");
        assert_eq!(reply.status >= 400, value.get("error").is_some(), "{value}");
    }
}
