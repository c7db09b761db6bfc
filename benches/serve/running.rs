//! A server that runs already, of any kind, and the requests that a file describes.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::client::{Reply, Request};

/// The file of requests. Paths in it are relative to its folder.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    path: String,
    #[serde(default)]
    headers: Vec<String>,
    /// Where the outputs are in JSON replies, as a JSON pointer; without it, replies are the bytes of floats,
    /// with or without a JSON header before them.
    values: Option<String>,
    /// By how much an output may differ; with 0, it has the same bits.
    tolerance: f32,
    requests: Vec<One>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct One {
    /// A file.
    body: String,
    expected: Vec<f32>,
}

impl Script {
    pub fn read(file: &str) -> Self {
        serde_json::from_slice(&fs::read(file).expect(file)).expect(file)
    }

    /// What is sent to `address`; `file` is where `self` was read.
    pub fn prepare(&self, address: &str, file: &str) -> Vec<Request> {
        let folder = Path::new(file).parent().unwrap_or(Path::new(""));
        let headers: String = self.headers.iter().flat_map(|header| [header, "\r\n"]).collect();
        let body = |one: &One| fs::read(folder.join(&one.body)).expect(&one.body);
        self.requests.iter().map(|one| Request::post(address, &self.path, &headers, &body(one))).collect()
    }

    /// Whether a reply to request `at` is right.
    pub fn check(&self, at: usize, reply: &Reply) -> bool {
        let Some(found) = self.outputs(reply).filter(|_| reply.status == 200) else { return false };
        let expected = &self.requests[at].expected;
        let same = |found: f32, expected: f32| {
            found.to_bits() == expected.to_bits() || (found - expected).abs() <= self.tolerance
        };
        found.len() == expected.len() && found.iter().zip(expected).all(|(found, one)| same(*found, *one))
    }

    fn outputs(&self, reply: &Reply) -> Option<Vec<f32>> {
        let Some(place) = &self.values else {
            let (floats, []) = reply.body.get(reply.json_length.unwrap_or(0)..)?.as_chunks() else {
                return None;
            };
            return Some(floats.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect());
        };
        let body: Value = serde_json::from_slice(&reply.body).ok()?;
        let mut values = Vec::new();
        collect(body.pointer(place)?, &mut values)?;
        Some(values)
    }
}

/// All numbers of a list, or of lists of lists.
fn collect(value: &Value, into: &mut Vec<f32>) -> Option<()> {
    if let Value::Array(values) = value {
        return values.iter().try_for_each(|value| collect(value, into));
    }
    into.push(value.as_f64()? as f32);
    Some(())
}
