//! The speed of `taper serve`, with every reply compared with what `taper predict` computes.
//!
//! ```sh cargo bench --bench serve                               # all loads, 5 s each cargo bench --bench
//! serve -- --seconds 30 --only json   # those whose names contain `json` cargo bench --bench serve -- --run
//! runs/cnn             # your own network, which takes 28x28 images
//! ```
//!
//! A server that runs already, of taper or not, is driven with the requests of a file (`running.rs`), one per connection:
//!
//! ```sh
//! cargo bench --bench serve -- --address 127.0.0.1:8000 --process PID --requests FILE --connections 16
//! ```
//!
//! Each load is a number of connections that send the same request again and again, the next as soon as the reply has
//! arrived. One thread sends and receives for all of them, on the same cores as the server, so its time is part of the
//! figures. It prints one JSON object for the idle server, and one per load. `--warm-up` is a tenth of `--seconds` unless
//! given.
#![forbid(unsafe_code)]
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a program for developers")]

mod client;
mod measure;
mod process;
mod running;
mod server;

use std::time::Duration;

use client::{Reply, Request};
use measure::{Times, measure};
use process::Tree;
use running::Script;
use serde_json::{Map, Value, json};
use server::Server;

/// What is sent, by how many connections.
struct Load {
    name: &'static str,
    connections: usize,
    samples: usize,
    kind: Kind,
}

/// The form of a request.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// TensorFlow Serving's, with floats.
    Floats,
    /// TensorFlow Serving's, with pixels.
    Pixels,
    /// The Open Inference Protocol's, with the bytes of floats.
    Binary,
}

const LOADS: [Load; 11] = [
    Load { name: "json_1", connections: 1, samples: 1, kind: Kind::Floats },
    Load { name: "json_16", connections: 16, samples: 1, kind: Kind::Floats },
    Load { name: "json_256", connections: 256, samples: 1, kind: Kind::Floats },
    Load { name: "pixels_1", connections: 1, samples: 1, kind: Kind::Pixels },
    Load { name: "pixels_16", connections: 16, samples: 1, kind: Kind::Pixels },
    Load { name: "binary_1", connections: 1, samples: 1, kind: Kind::Binary },
    Load { name: "binary_16", connections: 16, samples: 1, kind: Kind::Binary },
    Load { name: "binary_256", connections: 256, samples: 1, kind: Kind::Binary },
    Load { name: "json_2x64", connections: 2, samples: 64, kind: Kind::Floats },
    Load { name: "json_2x256", connections: 2, samples: 256, kind: Kind::Floats },
    Load { name: "binary_2x256", connections: 2, samples: 256, kind: Kind::Binary },
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).cloned()
    };
    let seconds = |name: &str| option(name).map(|text| text.parse::<f64>().expect(name));
    let measured = seconds("--seconds").unwrap_or(5.0);
    let times = Times {
        warm_up: Duration::from_secs_f64(seconds("--warm-up").unwrap_or(measured / 10.0)),
        measured: Duration::from_secs_f64(measured),
    };
    if let Some(address) = option("--address") {
        let number = |name: &str| option(name).expect(name).parse().expect(name);
        let file = option("--requests").expect("--requests");
        let script = Script::read(&file);
        let prepared = script.prepare(&address, &file);
        let load = (&prepared[..], number("--connections") as usize);
        let check = move |at: usize, reply: &Reply| script.check(at, reply);
        let mut report = Map::new();
        measure(&mut report, (&address, number("--process")), load, times, check);
        println!("{}", Value::Object(report));
        return;
    }
    let only = option("--only").unwrap_or_default();
    let server = Server::start(option("--run").as_deref());
    idle(&server);
    for load in LOADS.iter().filter(|load| load.name.contains(&only)) {
        let (request, check) = load.prepare(&server);
        let mut report = Map::from_iter([("load".to_owned(), json!(load.name))]);
        let place = (server.address.as_str(), server.process());
        let load_of_one = (&[request][..], load.connections);
        measure(&mut report, place, load_of_one, times, move |_, reply| check(reply));
        let rate = report["requests_per_second"].as_f64().unwrap_or(0.0);
        report.insert("samples".to_owned(), json!(load.samples));
        report.insert("samples_per_second".to_owned(), json!(rate * load.samples as f64));
        println!("{}", Value::Object(report));
    }
}

/// What the server takes before any request has come.
fn idle(server: &Server) {
    let (watched, tree) = (Duration::from_secs(2), Tree::of(server.process()));
    let before = tree.used();
    std::thread::sleep(watched);
    let after = tree.used();
    println!(
        "{}",
        json!({
            "load": "none",
            "ready_after_ms": server.started_in.as_millis() as u64,
            "rss_mib": after.rss_mib,
            "cpu_percent": (after.cpu_seconds - before.cpu_seconds) / watched.as_secs_f64() * 100.0,
        })
    );
}

impl Load {
    /// The request, and what a right reply is.
    fn prepare(&self, server: &Server) -> (Request, impl Fn(&Reply) -> bool + use<>) {
        let samples: Vec<Vec<u8>> = (0..self.samples).map(pixels).collect();
        let expected = server.predict(&samples, self.kind == Kind::Pixels);
        let kind = self.kind;
        let predict = |body: &Value| {
            Request::post(&server.address, "/v1/models/m:predict", "", body.to_string().as_bytes())
        };
        let request = match kind {
            Kind::Floats => {
                let rows: Vec<Vec<Vec<f32>>> = samples.iter().map(|sample| rows(sample, share)).collect();
                predict(&json!({ "instances": rows }))
            }
            Kind::Pixels => {
                let rows: Vec<Vec<Vec<u8>>> =
                    samples.iter().map(|sample| rows(sample, |pixel| pixel)).collect();
                predict(&json!({ "instances": rows }))
            }
            Kind::Binary => binary(server, &samples),
        };
        let check = move |reply: &Reply| reply.status == 200 && values(kind, reply) == Some(expected.clone());
        (request, check)
    }
}

/// A request with the bytes of the floats after a JSON header.
fn binary(server: &Server, samples: &[Vec<u8>]) -> Request {
    let bytes: Vec<u8> = samples.iter().flatten().flat_map(|pixel| share(*pixel).to_le_bytes()).collect();
    let header = json!({
        "inputs": [{
            "name": "x", "datatype": "FP32", "shape": [samples.len(), 28, 28, 1],
            "parameters": { "binary_data_size": bytes.len() },
        }],
        "parameters": { "binary_data_output": true },
    })
    .to_string();
    let length = format!("Inference-Header-Content-Length: {}\r\n", header.len());
    Request::post(&server.address, "/v2/models/m/infer", &length, &[header.as_bytes(), &bytes].concat())
}

/// The bits of the outputs in a reply.
fn values(kind: Kind, reply: &Reply) -> Option<Vec<u32>> {
    if kind == Kind::Binary {
        let data = reply.body.get(reply.json_length?..)?;
        return Some(data.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect());
    }
    let body: Value = serde_json::from_slice(&reply.body).ok()?;
    let rows = body["predictions"].as_array()?.iter().filter_map(Value::as_array).flatten();
    Some(rows.filter_map(Value::as_f64).map(|value| (value as f32).to_bits()).collect())
}

/// A picture with some strokes, different for each `index`.
fn pixels(index: usize) -> Vec<u8> {
    let value = |at: usize| {
        let (row, column) = (at / 28, at % 28);
        let on = row > 3 && row < 24 && (column + row / 3 + index) % 11 < 3;
        if on { (31 * at + 17 * index + 40) % 216 + 40 } else { 0 }
    };
    (0..784).map(|at| value(at) as u8).collect()
}

fn share(pixel: u8) -> f32 {
    f32::from(pixel) / 255.0
}

fn rows<T>(sample: &[u8], value: impl Fn(u8) -> T) -> Vec<Vec<T>> {
    sample.chunks(28).map(|row| row.iter().map(|pixel| value(*pixel)).collect()).collect()
}
