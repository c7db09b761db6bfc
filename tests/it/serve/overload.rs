//! More than a server can do: a full queue, and requests that are answered too late (case 55 of `tensorflow.jsonl`).

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::Served;
use super::life::trained;
use crate::workspace::Workspace;

const LINE: &str = "/v1/models/default:predict";

#[test]
fn a_request_that_is_late_gets_504_which_names_the_limit() {
    let workspace = trained();
    let server = Served::start(&workspace, &["run", "--set", "serve.limits.answer_seconds=0.05"]);
    let mut client = server.client();
    for (path, body) in [
        (LINE, "{\"instances\":[1]}"),
        (
            "/v2/models/default/infer",
            r#"{"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":[1]}]}"#,
        ),
    ] {
        let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
        client.send(head.as_bytes());
        // Its time began with its head.
        std::thread::sleep(Duration::from_millis(150));
        client.send(body.as_bytes());
        let late = client.answer(false).expect("a reply");
        assert_eq!(late.status, 504, "{}", late.text());
        let text = late.json()["error"].as_str().expect("an error").to_owned();
        assert!(text.contains("0.05 seconds") && text.contains("serve.limits.answer_seconds"), "{text}");
    }
    let metrics = client.get("/metrics");
    assert!(metrics.text().contains("\ntaper_deadline_total 2\n"), "{}", metrics.text());
    assert!(metrics.text().contains("model=\"default\",api=\"tensorflow\",code=\"504\"} 1"));
}

#[test]
fn a_full_queue_gets_503_which_says_when_to_try_again() {
    let workspace = Workspace::new();
    let steps = ["--set", "train.epochs=1", "--set", "train.max_steps=2"];
    workspace.ok(&[&["train", "digits_cnn", "--run-dir", "run"], &steps[..]].concat());
    let server = Served::start(&workspace, &["run", "--set", "serve.batching.queue=1"]);
    let zeros = format!("[{}]", vec!["0.5"; 784].join(","));
    let body = format!("{{\"instances\":[{}]}}", vec![zeros; 100].join(","));
    let (stop, full, end) =
        (AtomicBool::new(false), AtomicU64::new(0), Instant::now() + Duration::from_mins(1));
    // While one is computed, one can wait, and others that arrive are too many.
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let mut client = server.client();
                while !stop.load(Ordering::Relaxed) {
                    assert!(Instant::now() < end, "the queue was never full");
                    let answer = client.post(LINE, &body);
                    if answer.status == 200 {
                        continue;
                    }
                    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
                    let text = answer.json()["error"].as_str().expect("an error").to_owned();
                    let beginning = "The batch scheduling queue to which this task was submitted is full; ";
                    assert!(
                        text.starts_with(beginning) && text.contains("`serve.batching` allows 1"),
                        "{text}"
                    );
                    full.fetch_add(1, Ordering::Relaxed);
                    stop.store(true, Ordering::Relaxed);
                }
            });
        }
    });
    let mut client = server.client();
    assert_eq!(client.post(LINE, &body).status, 200, "it is not full any more");
    let metrics = client.get("/metrics");
    let line = format!("taper_rejected_total{{reason=\"queue\"}} {}", full.into_inner());
    assert!(metrics.text().lines().any(|found| found == line), "{line}: {}", metrics.text());
}
