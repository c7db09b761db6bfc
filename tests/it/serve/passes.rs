//! How the samples of requests are divided into passes.

use std::time::{Duration, Instant};

use super::Served;
use super::life::trained;

#[test]
fn a_request_of_more_samples_than_a_pass_is_answered_whatever_its_size() {
    let workspace = trained();
    let server = Served::start(&workspace, &["run"]);
    let mut client = server.client();
    // Nothing else is in flight: a small network predicts a few samples on the thread that read them, and more in turns.
    for count in (1..=8).map(|number| 64 * number + 1).chain([1, 63, 64, 65, 127, 128, 129, 1000]) {
        let instances: Vec<usize> = (0..count).collect();
        let start = Instant::now();
        let answer = client
            .post("/v1/models/default:predict", &serde_json::json!({ "instances": instances }).to_string());
        let took = start.elapsed();
        assert!(
            answer.status == 200 && took < Duration::from_secs(10),
            "{count} samples: {took:?}, {}",
            answer.text()
        );
        let answer = answer.json();
        let predictions: Vec<f64> = answer["predictions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row.as_f64().or_else(|| row[0].as_f64()).unwrap())
            .collect();
        assert_eq!(predictions.len(), count);
        // It is a line: equal steps, in the order of the request.
        let step = |index: usize| predictions[index + 1] - predictions[index];
        for index in 1..count.saturating_sub(1) {
            let off = (step(index) - step(0)).abs();
            assert!(off < 1e-3, "{count} samples, at {index}: {} after {}", step(index), step(0));
        }
    }
}
