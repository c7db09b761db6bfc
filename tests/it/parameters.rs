//! `[[parameters]]`: options of single parameters, compared with PyTorch (`tests/golden/make_parameters.py`), on both engines, and in
//! runs.

use candle_core::{Device, Result, Tensor, Var};
use serde_json::{Value, json};
use taper::config::Problems;
use taper::experiment::{ClipConfig, Experiment, Patterns};
use taper::internals::data::Features;
use taper::internals::engine::Engine;
use taper::internals::train::Update;
use taper_kernels::simd::lanes::Isa;

use crate::cases::{Case, SAMPLES, Trace, network, zoo};
use crate::golden::Golden;
use crate::workspace::Workspace;

/// The tolerance between two engines after a dozen steps. Limits of norms make rounding errors of small gradients larger.
const TOLERANCE: f64 = 5e-5;

/// Both engines for a case.
fn engines(case: &Case) -> [Box<dyn Engine>; 2] {
    [Box::new(case.graph()), Box::new(case.fused(2, Isa::detect()))]
}

/// Sets `[[parameters]]` of a config.
fn set(experiment: &mut Experiment, entries: &Value) {
    experiment.parameters = serde_json::from_value(entries.clone()).expect("entries");
}

/// Takes one step with the samples `indices` as a run does, and returns its loss and penalty.
fn step(
    case: &Case,
    engine: &mut dyn Engine,
    update: &mut Update<'_>,
    epoch: u64,
    step: u64,
) -> (f64, Option<f64>) {
    let rate = case.experiment.optimizer.member().learning_rate();
    let indices: Vec<usize> = (0..14).map(|i| (step as usize * 31 + i * 7) % SAMPLES).collect();
    update.begin_epoch(engine, epoch);
    let loss =
        case.with_batch(&indices, |batch| update.begin(engine, batch, step, rate).expect("a loss").loss);
    (loss, update.finish(engine, step, rate).expect("an update").penalty)
}

/// The values of all parameters, with their names.
fn values(engine: &dyn Engine) -> Vec<(String, Vec<f32>)> {
    let flat = |tensor: &Tensor| tensor.flatten_all().and_then(|flat| flat.to_vec1::<f32>()).expect("values");
    engine.parameters().iter().map(|own| (own.name.clone(), flat(&own.variable))).collect()
}

/// The optimizer's state, with names such as `first_moment.layers.0.weight`.
fn state(engine: &dyn Engine) -> Vec<(String, Var)> {
    let names = engine.parameters().trainable_names();
    let named = |(kind, variables): (&'static str, &[Var])| {
        assert_eq!(names.len(), variables.len(), "{kind}");
        let pairs = names.iter().zip(variables);
        pairs.map(|(name, own)| (format!("{kind}.{name}"), own.clone())).collect::<Vec<_>>()
    };
    engine.optimizer().state().into_iter().flat_map(named).collect()
}

#[test]
fn options_of_parameters_agree_with_pytorch_on_both_engines() -> Result<()> {
    let golden = Golden::read("parameters.safetensors");
    let layers = json!([{"dense": {"units": 6, "activation": "tanh"}}, {"dense": {"units": 3}}]);
    assert!(golden.cases().count() >= 4);
    for (name, config) in golden.cases() {
        let mut case = network(name, &layers, &[5], &config["optimizer"]);
        set(&mut case.experiment, &config["parameters"]);
        let clip = config["clip"].as_f64();
        let clip = clip.map(|most| ClipConfig { global_norm: Some(most), ..ClipConfig::default() });
        case.features = Features::Floats(
            golden.tensor("input").flatten_all()?.to_vec1::<f64>()?.iter().map(|x| *x as f32).collect(),
        );
        case.labels = golden.tensor("labels").to_vec1()?;
        let rate = case.experiment.optimizer.member().learning_rate();
        for mut engine in engines(&case) {
            for parameter in engine.parameters().iter() {
                let start = golden.tensor(&format!("start/{}", parameter.name));
                parameter.variable.set(&start.to_dtype(parameter.variable.dtype())?)?;
            }
            let mut update = Update::new(clip.as_ref(), &case.experiment.parameters, &case.plan(), 4);
            let mut losses = Vec::new();
            let indices: Vec<usize> = (0..8).collect();
            for step in 0..10 {
                update.begin_epoch(engine.as_mut(), step / 4);
                losses.push(case.with_batch(&indices, |batch| {
                    update.begin(engine.as_mut(), batch, step, rate).expect("a loss").loss
                }));
                update.finish(engine.as_mut(), step, rate).expect("an update");
            }
            for parameter in engine.parameters().iter() {
                golden.check(&format!("{name}/end/{}", parameter.name), &parameter.variable, 1e-5, 0.1)?;
            }
            golden.check(&format!("{name}/losses"), &Tensor::new(losses, &Device::Cpu)?, 2e-6, 0.1)?;
        }
    }
    Ok(())
}

fn assert_close(found: &[f32], expected: &[f32], engine: &str) {
    let close =
        found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6);
    assert!(close, "{found:?} instead of {expected:?} on {engine}");
}

#[test]
fn a_step_adds_penalties_then_clips_then_decays_then_limits_norms() {
    // One weight and one bias, mean squared error of one sample with the input 1: the gradient of both is 2 (w + b - y).
    let mut case = network(
        "by hand",
        &json!([{"dense": {"units": 1}}]),
        &[1],
        &json!({"sgd": {"learning_rate": 0.5, "weight_decay": 0.25}}),
    );
    case.experiment.loss = serde_json::from_value(json!({"mse": {}})).expect("a loss");
    case.target = taper::data::Target::Value { width: 1 };
    (case.features, case.values) = (Features::Floats(vec![1.0; SAMPLES]), vec![4.0; SAMPLES]);
    set(
        &mut case.experiment,
        &json!([{"match": "layers.0.weight", "l1": 0.5, "l2": 1.5, "max_norm": 2.0}, {"kind": "bias", "learning_rate_scale": 0.5}]),
    );
    let clip = ClipConfig { value: Some(1.0), ..ClipConfig::default() };
    for mut engine in engines(&case) {
        for (parameter, value) in engine.parameters().iter().zip([2.0_f32, -1.0]) {
            parameter
                .variable
                .set(&Tensor::full(value, parameter.variable.shape(), &Device::Cpu).expect("a tensor"))
                .expect("a value");
        }
        let mut update = Update::new(Some(&clip), &case.experiment.parameters, &case.plan(), 1);
        let (loss, penalty) = step(&case, engine.as_mut(), &mut update, 0, 0);
        assert!((loss - 9.0).abs() < 1e-6 && penalty == Some(0.5 * 2.0 + 1.5 * 4.0), "{loss} {penalty:?}");
        // The weight's gradient is -6 + 2 · 1.5 · 2 + 0.5 = 0.5, which the limit of 1 leaves, and the decay makes it 0.5 + 0.25 · 2 = 1. The
        // weight becomes 2 - 0.5 · 1 = 1.5. The bias's is -6, limited to -1, with decay -1.25; at half the rate, it becomes -1 + 0.3125.
        let found: Vec<f32> = values(engine.as_ref()).into_iter().flat_map(|(_, values)| values).collect();
        assert_close(&found, &[1.5, -0.6875], engine.name());
        // Now the gradient is 2 (0.8125 - 4) + 4.5 + 0.5 = -1.375, limited to -1, with decay -0.625: 1.8125, below the maximum norm.
        step(&case, engine.as_mut(), &mut update, 0, 1);
        assert_close(&values(engine.as_ref())[0].1, &[1.8125], engine.name());
    }
    // Without a limit for gradients, the first step ends at 2 - 0.5 (0.5 + 0.5); a smaller maximum norm holds afterwards.
    set(&mut case.experiment, &json!([{"match": "layers.0.weight", "l1": 0.5, "l2": 1.5, "max_norm": 0.75}]));
    for mut engine in engines(&case) {
        for (parameter, value) in engine.parameters().iter().zip([2.0_f32, -1.0]) {
            parameter
                .variable
                .set(&Tensor::full(value, parameter.variable.shape(), &Device::Cpu).expect("a tensor"))
                .expect("a value");
        }
        let mut update = Update::new(None, &case.experiment.parameters, &case.plan(), 1);
        step(&case, engine.as_mut(), &mut update, 0, 0);
        assert_close(&values(engine.as_ref())[0].1, &[0.75], engine.name());
    }
}

/// The results of twelve steps on both engines, without and with a limit for gradients, which agree. Frozen parameters have no state.
fn compare(case: &Case, entries: &Value) -> Vec<Trace> {
    let clip = ClipConfig { global_norm: Some(1.0), ..ClipConfig::default() };
    let mut traces = Vec::new();
    for clip in [None, Some(&clip)] {
        let both = engines(case).map(|mut engine| {
            let mut update = Update::new(clip, &case.experiment.parameters, &case.plan(), 4);
            let losses = (0..12)
                .map(|number| step(case, engine.as_mut(), &mut update, number / 4, number).0)
                .collect();
            let all: Vec<usize> = (0..SAMPLES).collect();
            let logits =
                case.with_batch(&all, |batch| engine.logits(&batch.samples).expect("logits").to_vec());
            let state = state(engine.as_ref());
            let names: Vec<&String> = state.iter().map(|(name, _)| name).collect();
            let has_state = |own: &str| {
                names.iter().any(|name| name.split_once('.').is_some_and(|(_, name)| name == own))
            };
            let frozen = engine.parameters().iter().filter(|own| !own.trainable);
            assert!(frozen.into_iter().all(|own| !has_state(&own.name)), "{}: {names:?}", case.name);
            let weights = values(engine.as_ref()).into_iter().map(|(_, values)| values).collect();
            Trace { losses, weights, logits }
        });
        let difference = both[1].difference(&both[0]);
        assert!(difference.iter().all(|d| *d < TOLERANCE), "{} with {entries}: {difference:?}", case.name);
        traces.extend(both);
    }
    traces
}

#[test]
fn frozen_parameters_keep_their_bits_and_both_engines_agree() {
    let mut frozen_norms = 0;
    for mut case in zoo() {
        let names: Vec<String> =
            case.plan().specs.iter().filter(|spec| spec.trainable).map(|spec| spec.name.clone()).collect();
        // All but the last parameter, all but the first, those of the first layer, every other one.
        let every_other: Vec<&String> = names.iter().step_by(2).collect();
        let first = format!("{}.*", names[0].rsplit_once('.').expect("a layer").0);
        let choices =
            [json!(names[..names.len() - 1]), json!(names[1..]), json!([first]), json!(every_other)];
        for choice in choices {
            let patterns: Patterns = serde_json::from_value(choice.clone()).expect("patterns");
            if names.iter().all(|name| patterns.matches(name)) || patterns.each().is_empty() {
                continue;
            }
            set(&mut case.experiment, &json!([{"match": choice, "frozen": true}]));
            let plan = case.plan();
            let start = values(&case.graph());
            for trace in compare(&case, &choice) {
                for (((name, before), after), spec) in start.iter().zip(&trace.weights).zip(&plan.specs) {
                    let norm = name.rsplit_once('.').expect("a layer").0;
                    let constant = plan
                        .specs
                        .iter()
                        .filter(|own| own.trainable && own.name.starts_with(&format!("{norm}.")))
                        .all(|own| own.frozen);
                    let kept = spec.frozen || (!spec.trainable && constant);
                    frozen_norms += usize::from(kept && !spec.trainable);
                    assert_eq!(kept, before == after, "{}: {name} with {choice}", case.name);
                }
            }
        }
    }
    assert!(frozen_norms > 0, "no batch normalization was frozen");
}

#[test]
fn options_of_parameters_give_the_same_results_on_both_engines() {
    let mut compared = 0;
    for mut case in zoo() {
        for entries in [
            json!([{"match": "*", "learning_rate_scale": 0.5}, {"kind": "bias", "learning_rate_scale": 2}]),
            json!([{"match": "*.weight", "l2": 0.01, "max_norm": 0.9}, {"match": "*.bias", "l1": 0.01}]),
            json!([{"match": "*.weight", "from_epoch": 2}, {"match": "*.bias", "until_epoch": 2}]),
        ] {
            set(&mut case.experiment, &entries);
            if is_valid(&case) {
                compare(&case, &entries);
                compared += 1;
            }
        }
    }
    assert!(compared > 20, "{compared}");
}

/// Whether each entry selects parameters of the network.
fn is_valid(case: &Case) -> bool {
    let mut found = Vec::new();
    case.experiment.plan(&case.shape, Some(case.target), &mut Problems::new(&mut found));
    found.is_empty()
}

#[test]
fn parameters_outside_of_their_epochs_keep_value_and_state() {
    let layers = json!([{"dense": {"units": 6, "activation": "tanh"}}, {"dense": {"units": 3}}]);
    let mut case = network("epochs", &layers, &[5], &json!({"adamw": {"weight_decay": 0.5}}));
    set(
        &mut case.experiment,
        &json!([{"match": "layers.0.*", "from_epoch": 2, "until_epoch": 3}, {"match": "layers.1.bias", "l2": 0.1}]),
    );
    for mut engine in engines(&case) {
        let mut update = Update::new(None, &case.experiment.parameters, &case.plan(), 2);
        let watched = |engine: &dyn Engine| {
            let state = state(engine);
            let own = engine.parameters().iter().map(|own| (own.name.clone(), own.variable.clone()));
            let of_first = own.chain(state).filter(|(name, _)| name.contains("layers.0."));
            of_first
                .map(|(_, own)| own.flatten_all().and_then(|own| own.to_vec1::<f32>()).expect("values"))
                .collect::<Vec<_>>()
        };
        for number in 0..8 {
            let before = watched(engine.as_ref());
            step(&case, engine.as_mut(), &mut update, number / 2, number);
            let moves = before != watched(engine.as_ref());
            assert_eq!(moves, (2..6).contains(&number), "step {number} on {}", engine.name());
        }
    }
}

#[test]
fn without_options_that_matter_no_bit_changes() {
    let workspace = Workspace::new();
    let run = |folder: &str, more: &[&str]| {
        let fixed = ["train", "synthetic_mlp", "--run-dir", folder, "--set", "train.max_steps=20"];
        workspace.ok(&[&fixed[..], more].concat());
        workspace.read(format!("{folder}/checkpoints/step-00000020/optimizer.safetensors"))
    };
    let plain = run("plain", &[]);
    for (name, entries) in [
        ("scale", "parameters=[{match='*',learning_rate_scale=1}]"),
        ("norm", "parameters=[{match='*.weight',max_norm=1e6}]"),
        ("epochs", "parameters=[{match='*',from_epoch=1,until_epoch=9}]"),
        ("penalty", "parameters=[{match='*',l2=0}]"),
    ] {
        assert!(run(name, &["--set", entries]) == plain, "{name}");
    }
}

#[test]
fn penalties_are_logged_and_not_part_of_the_loss() {
    let workspace = Workspace::new();
    let arguments =
        ["train", "synthetic_mlp", "--run-dir", "run", "--set", "train={max_steps=3,log_every_steps=1}"];
    workspace.ok(&[&arguments[..], &["--set", "parameters=[{match='*.weight',l2=10}]"]].concat());
    let events = String::from_utf8(workspace.read("run/events.jsonl")).expect("text");
    let steps: Vec<Value> = events.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let steps: Vec<&Value> = steps.iter().filter(|event| event["event"] == "step").collect();
    assert_eq!(steps.len(), 3);
    for step in steps {
        let (loss, penalty) =
            (step["loss"].as_f64().expect("a loss"), step["penalty"].as_f64().expect("a penalty"));
        assert!(loss < 10.0 && penalty > 100.0, "{step}");
        assert!(step.get("gradient_norm").is_none());
    }
}

#[test]
fn a_run_with_options_of_parameters_resumes_bit_for_bit() {
    let set = [
        "--set",
        "optimizer={adamw={}}",
        "--set",
        "train={epochs=4,log_every_steps=1}",
        "--set",
        "parameters=[{match='layers.0.weight',from_epoch=2,l2=0.01},{match='layers.0.bias',frozen=true},{match='layers.1.*',learning_rate_scale=0.5,max_norm=1,until_epoch=3}]",
    ];
    let workspace = Workspace::new();
    let train = |folder: &str, more: &[&str]| {
        workspace.ok(&[&["train", "synthetic_mlp", "--run-dir", folder], &set[..], more].concat());
    };
    train("whole", &[]);
    for stop in ["3", "25", "26", "60"] {
        let folder = format!("stopped-{stop}");
        train(&folder, &["--set", &format!("train.max_steps={stop}")]);
        workspace.ok(&["train", "--resume", &folder, "--set", "train.max_steps=null"]);
        for file in ["model.safetensors", "optimizer.safetensors"] {
            let of = |run: &str| {
                let bytes = workspace.read(format!("{run}/checkpoints/step-00000100/{file}"));
                let start = 8 + u64::from_le_bytes(*bytes.first_chunk().expect("a length")) as usize;
                bytes[start..].to_vec()
            };
            assert!(of("whole") == of(&folder), "{file} after a stop at step {stop}");
        }
    }
}

#[test]
fn a_resumed_run_freezes_the_same_parameters() {
    let workspace = Workspace::new();
    let frozen = ["--set", "parameters=[{match='layers.0.*',frozen=true}]"];
    workspace.ok(&[
        &["train", "synthetic_mlp", "--run-dir", "run", "--set", "train.max_steps=3"],
        &frozen[..],
    ]
    .concat());
    let outcome =
        workspace.run(&["train", "--resume", "run", "--set", "parameters=[]", "--set", "train.max_steps=6"]);
    assert_eq!(outcome.code, 4, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("`layers.0.weight` was frozen and is now trained"), "{}", outcome.stderr);
}

#[test]
fn check_lists_the_options_of_parameters() {
    let workspace = Workspace::new();
    let entries = "parameters=[{match='layers.0.*',frozen=true},{kind='bias',weight_decay_scale=0}]";
    let set = ["check", "synthetic_mlp", "--set", "optimizer={adamw={}}", "--set", entries];
    let outcome = workspace.ok(&set);
    assert!(outcome.stdout.contains("  frozen: layers.0.weight\n"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("  frozen, weight_decay_scale 0: layers.0.bias\n"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("  trained as usual: "), "{}", outcome.stdout);
    let json = workspace.ok(&[&set[..], &["--format", "json"]].concat()).json();
    assert_eq!(json["parameter_groups"][0]["frozen"], json!(true));
}

#[test]
fn mistakes_in_entries_are_explained() {
    let workspace = Workspace::new();
    for (entries, message) in [
        ("[{frozen=true}]", "selects no parameters"),
        ("[{match='*'}]", "sets no option"),
        ("[{match='layers.9.*',frozen=true}]", "`layers.9.*` matches no trained parameter"),
        ("[{match='layers.0.weights',frozen=true}]", "did you mean `layers.0.weight`?"),
        ("[{kind='norm',l2=1}]", "selects no parameters"),
        ("[{match='*',frozen=true}]", "all parameters are frozen"),
        ("[{match='layers.0.*',frozen=true,from_epoch=2}]", "frozen parameters are not trained in any epoch"),
        (
            "[{match='layers.0.*',frozen=true},{match='*',from_epoch=2}]",
            "is frozen, and trained in some epochs",
        ),
        ("[{match='*',from_epoch=3,until_epoch=2}]", "must be at least 3, the value of `from_epoch`"),
        ("[{match='*',weight_decay_scale=0}]", "the optimizer `sgd` has no weight decay to scale"),
        ("[{match='*',learning_rate_scale=-1}]", "must be at least 0"),
        ("[{match='*',lr_scale=1}]", "unknown key"),
    ] {
        let set = format!("parameters={entries}");
        let outcome =
            workspace.run(&["check", "synthetic_mlp", "--set", "optimizer={sgd={}}", "--set", &set]);
        assert_eq!(outcome.code, 2, "{entries}");
        assert!(outcome.stderr.contains(message), "{entries}: {}", outcome.stderr);
    }
}

#[test]
fn bench_measures_a_config_with_options_of_parameters() {
    let workspace = Workspace::new();
    let entries = "parameters=[{match='layers.0.weight',frozen=true},{match='layers.1.*',l2=0.01,max_norm=1,from_epoch=2}]";
    let outcome =
        workspace.ok(&["bench", "synthetic_mlp", "--seconds", "0.01", "--set", entries, "--format", "json"]);
    assert!(outcome.json()["step_us"]["median"].as_f64().expect("a time") > 0.0);
}
