//! Gradients that are limited by `[clip]`.

use serde_json::Value;
use taper::experiment::ClipConfig;
use taper::internals::engine::{Engine, Part};
use taper_kernels::simd::lanes::Isa;

use crate::cases::zoo;
use crate::workspace::Workspace;

/// The gradient of a batch of one of the networks in `cases.rs`, before and after it is limited, and the ranges of the parameters.
fn limited(config: &str) -> (Vec<f32>, Vec<f32>, Vec<std::ops::Range<usize>>) {
    let case = zoo().into_iter().next().expect("a network");
    let mut engine = case.fused(2, Isa::detect());
    case.with_batch(&[1, 5, 9, 13, 40], |batch| {
        engine.gradients(batch, Part::whole(5), 0).expect("a gradient");
    });
    let before = engine.gradient().values().to_vec();
    let clip: ClipConfig = toml::from_str(config).expect("a config");
    let norm = clip.apply(engine.gradient(), 0).expect("a finite norm");
    let expected = before.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
    assert!((norm - expected).abs() <= 2e-6 * expected, "{norm} instead of {expected}");
    let ranges = engine.gradient().parts().iter().map(|(_, range)| range.clone()).collect();
    (before, engine.gradient().values().to_vec(), ranges)
}

fn norm(values: &[f32]) -> f64 {
    values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt()
}

fn assert_close(found: &[f32], expected: impl Iterator<Item = f64>) {
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (f64::from(*found) - expected).abs() <= 2e-6 * expected.abs(),
            "{found} instead of {expected}"
        );
    }
}

#[test]
fn values_and_norms_are_limited_by_the_formulas() {
    let (before, after, _) = limited("value = 0.01");
    assert!(before.iter().any(|value| value.abs() > 0.01) && before.iter().any(|value| value.abs() < 0.01));
    assert_close(&after, before.iter().map(|value| f64::from(*value).clamp(-0.01, 0.01)));

    let (before, after, _) = limited("global_norm = 0.5");
    assert!(norm(&before) > 0.5);
    assert_close(&after, before.iter().map(|value| f64::from(*value) * 0.5 / norm(&before)));

    let (before, after, ranges) = limited("norm = 0.1");
    let norms: Vec<f64> = ranges.iter().map(|range| norm(&before[range.clone()])).collect();
    assert!(norms.iter().any(|norm| *norm > 0.1) && norms.iter().any(|norm| *norm < 0.1), "{norms:?}");
    for (range, norm) in ranges.into_iter().zip(norms) {
        let factor = (0.1 / norm).min(1.0);
        assert_close(&after[range.clone()], before[range].iter().map(|value| f64::from(*value) * factor));
    }
}

/// A run of ten steps with `clip` on an engine; its weights, and the norms in its log.
fn run(clip: Option<&str>, engine: &str, threads: &str) -> (Vec<u8>, Vec<f64>) {
    let workspace = Workspace::new();
    let engine = format!("train={{max_steps=10,log_every_steps=1,engine='{engine}'}}");
    let mut arguments =
        vec!["train", "synthetic_mlp", "--run-dir", "run", "--threads", threads, "--set", &engine];
    arguments.extend(clip.iter().flat_map(|clip| ["--set", *clip]));
    workspace.ok(&arguments);
    let events = String::from_utf8(workspace.read("run/events.jsonl")).expect("text");
    let events = events.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let norms = events.filter_map(|event| event["gradient_norm"].as_f64()).collect();
    let bytes = workspace.read("run/checkpoints/step-00000010/model.safetensors");
    let start = 8 + u64::from_le_bytes(*bytes.first_chunk().expect("a length")) as usize;
    (bytes[start..].to_vec(), norms)
}

#[test]
fn limits_that_are_not_reached_change_no_bit_and_the_norm_is_logged() {
    for engine in ["fused", "graph"] {
        let (weights, norms) = run(None, engine, "2");
        assert_eq!(norms.len(), 0);
        for clip in ["clip={value=1e9}", "clip={norm=1e9}", "clip={global_norm=1e9}"] {
            let (limited, norms) = run(Some(clip), engine, "2");
            assert!(limited == weights, "{engine}, {clip}");
            assert!(norms.len() == 10 && norms.iter().all(|norm| *norm > 0.0), "{norms:?}");
        }
    }
}

#[test]
fn limits_that_are_reached_give_the_same_bits_with_any_number_of_threads() {
    let all = run(None, "fused", "1").0;
    for clip in ["clip={value=1e-3}", "clip={norm=0.01}", "clip={global_norm=0.01}"] {
        let one = run(Some(clip), "fused", "1");
        assert!(one.0 != all, "{clip}");
        assert!(one == run(Some(clip), "fused", "3"), "{clip}");
    }
}

#[test]
fn exactly_one_limit_is_required() {
    let workspace = Workspace::new();
    for (clip, message) in [
        ("clip={}", "no limit is set"),
        ("clip={value=1,norm=1}", "more than one limit is set"),
        ("clip={value=0}", "must be above 0"),
        ("clip={norms=1}", "did you mean `norm`?"),
    ] {
        let outcome = workspace.run(&["check", "synthetic_mlp", "--set", clip]);
        assert_eq!(outcome.code, 2, "{clip}");
        assert!(outcome.stderr.contains(message), "{clip}: {}", outcome.stderr);
    }
}
