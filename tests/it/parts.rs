//! Gradients without updates, and predictions without training.

use candle_core::{DType, Device};
use serde_json::json;
use taper::internals::engine::{
    Engine, FusedPredictor, Graph, GraphPredictor, Part, Predictor, SharedTeam, compile,
};
use taper::network::Parameters;
use taper_kernels::simd::lanes::Isa;

use crate::cases::{Case, SAMPLES, built_in, network, zoo};

const BATCH: usize = 14;

fn cases() -> Vec<Case> {
    let mut cases = built_in();
    cases.extend(zoo());
    cases
}

/// The samples of a step.
fn indices(step: u64) -> Vec<usize> {
    (0..BATCH).map(|i| (step as usize * 31 + i * 7) % SAMPLES).collect()
}

/// All parameters and the optimizer's state.
fn values(engine: &dyn Engine) -> Vec<Vec<f32>> {
    let state = engine.optimizer().state().into_iter().flat_map(|(_, variables)| variables.to_vec());
    let all = engine.parameters().iter().map(|parameter| parameter.variable.clone()).chain(state);
    all.map(|v| v.flatten_all().expect("flat").to_vec1::<f32>().expect("values")).collect()
}

/// The largest |a - b| / |b| of the tensors in the Euclidean norm, absolute below 1.
fn difference(a: &[Vec<f32>], b: &[Vec<f32>]) -> f64 {
    let norm =
        |values: &mut dyn Iterator<Item = f32>| values.map(|x| f64::from(x).powi(2)).sum::<f64>().sqrt();
    let gap = |(a, b): (&Vec<f32>, &Vec<f32>)| {
        norm(&mut a.iter().zip(b).map(|(a, b)| a - b)) / norm(&mut b.iter().copied()).max(1.0)
    };
    a.iter().zip(b).map(gap).fold(0.0, f64::max)
}

/// Three whole steps, and the same as gradients of the whole batch followed by updates.
fn whole_and_apart(case: &Case, mut engines: [Box<dyn Engine>; 2]) -> [Vec<Vec<f32>>; 2] {
    let rate = case.experiment.optimizer.member().learning_rate();
    let [whole, apart] = &mut engines;
    for step in 0..3 {
        case.with_batch(&indices(step), |batch| {
            let expected = whole.step(batch, step, rate).expect("a step").loss;
            let found = apart.gradients(batch, Part::whole(BATCH), step).expect("a gradient").loss;
            assert_eq!(found.to_bits(), expected.to_bits(), "{}", case.name);
        });
        apart.apply(step, rate).expect("an update");
        assert!(apart.gradient().values().iter().all(|value| *value == 0.0), "it is reset");
    }
    engines.map(|engine| values(engine.as_ref()))
}

#[test]
fn a_step_of_the_fused_engine_equals_gradient_and_update_bit_for_bit() {
    for case in cases() {
        let fused = || Box::new(case.fused(2, Isa::detect()));
        let [whole, apart] = whole_and_apart(&case, [fused(), fused()]);
        assert!(whole == apart, "{}: {}", case.name, difference(&apart, &whole));
    }
}

#[test]
fn a_step_of_the_graph_engine_equals_gradient_and_update_bit_for_bit() {
    for case in zoo() {
        let graph = || Box::new(case.graph());
        let [whole, apart] = whole_and_apart(&case, [graph(), graph()]);
        assert!(whole == apart, "{}: {}", case.name, difference(&apart, &whole));
    }
}

/// Whether a sample's output depends on the other samples of the pass.
fn has_batch_statistics(case: &Case) -> bool {
    serde_json::to_string(&case.experiment.model).expect("a config").contains("batch_norm")
}

/// Builds an engine.
type Make = fn(&Case) -> Box<dyn Engine>;

/// The gradient and the loss of a batch, computed in parts of these sizes.
fn in_parts(case: &Case, engine: &mut dyn Engine, sizes: &[usize]) -> (Vec<f32>, f64, Vec<f32>) {
    let (all, mut first, mut loss, mut logits) = (indices(1), 0, 0.0, Vec::new());
    for size in sizes {
        case.with_batch(&all[first..first + size], |batch| {
            let part = engine.gradients(batch, Part { first, whole: all.len() }, 1).expect("a gradient");
            loss += part.loss;
            logits.extend_from_slice(part.logits);
        });
        first += size;
    }
    (engine.gradient().values().to_vec(), loss, logits)
}

#[test]
fn the_gradient_of_a_batch_is_the_sum_over_its_parts() {
    // Batch normalization uses the statistics of a part, so it gives other results in parts.
    for case in cases().into_iter().filter(|case| !has_batch_statistics(case)) {
        let engines: [Make; 2] =
            [|case| Box::new(case.fused(2, Isa::detect())), |case| Box::new(case.graph())];
        for make in engines {
            let (whole, loss, logits) = in_parts(&case, make(&case).as_mut(), &[BATCH]);
            for sizes in [&[7, 7][..], &[1, 3, 10], &[1; BATCH]] {
                let mut engine = make(&case);
                let (sum, sum_of_losses, own_logits) = in_parts(&case, engine.as_mut(), sizes);
                let what = format!("{} on {} in {sizes:?}", case.name, engine.name());
                let gap = difference(&[sum], std::slice::from_ref(&whole));
                assert!(gap < 1e-5, "{what}: {gap}");
                assert!((sum_of_losses - loss).abs() <= 1e-6 * loss.abs().max(1.0), "{what}");
                let gap = difference(&[own_logits], std::slice::from_ref(&logits));
                assert!(gap < 1e-5, "{what}: logits differ by {gap}: different dropout masks?");
            }
        }
    }
}

#[test]
fn a_gradient_can_be_read_and_scaled_before_the_update() {
    let layers = json!([{"dense": {"units": 4, "activation": "tanh"}}, {"dense": {"units": 3}}]);
    let case = network("clipped", &layers, &[5], &json!({"sgd": {"learning_rate": 1.0}}));
    let mut engine = case.fused(1, Isa::detect());
    let before = values(&engine);
    case.with_batch(&indices(0), |batch| engine.gradients(batch, Part::whole(BATCH), 0).map(drop))
        .expect("a gradient");
    let gradient = engine.gradient();
    let names: Vec<&str> = gradient.parts().iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"]);
    let norm = gradient.norm();
    gradient.scale((0.5 / norm) as f32);
    assert!((engine.gradient().norm() - 0.5).abs() < 1e-6);
    let step = engine.gradient().values().to_vec();
    engine.apply(0, 1.0).expect("an update");
    let moved: Vec<f32> = before.concat().iter().zip(values(&engine).concat()).map(|(a, b)| a - b).collect();
    assert!(moved.iter().zip(&step).all(|(moved, step)| (moved - step).abs() < 1e-6));
}

#[test]
fn an_overflowing_gradient_is_an_error_and_changes_no_weight() {
    let layers = json!([{"dense": {"units": 3}}]);
    let mut case = network("overflow", &layers, &[5], &json!({"sgd": {}}));
    case.features = taper::data::Features::Floats(vec![f32::MAX; SAMPLES * 5]);
    case.labels.fill(0);
    let engines: [Box<dyn Engine>; 2] = [Box::new(case.fused(2, Isa::detect())), Box::new(case.graph())];
    for mut engine in engines {
        for variable in engine.parameters().trainable() {
            variable.set(&variable.zeros_like().expect("zeros")).expect("set");
        }
        let before = values(engine.as_ref());
        let error = case.with_batch(&indices(0), |batch| {
            // The mean over one of these samples does not overflow; the sum over a batch does.
            engine.gradients(batch, Part::whole(1), 6).map(drop).expect_err("an infinite gradient")
        });
        let text = error.to_string();
        assert!(text.contains("`gradient of layers.0.weight`") && text.contains("step 7"), "{text}");
        assert_eq!(values(engine.as_ref()), before);
    }
}

fn predictors(case: &Case, team: &SharedTeam) -> Vec<Box<dyn Predictor>> {
    let plan = case.plan();
    let parameters = || Parameters::initialize(&plan, 3, DType::F32, &Device::Cpu).expect("parameters");
    let compiled = compile(&plan).expect("supported layers");
    let fused = FusedPredictor::new(compiled, parameters(), team.clone()).expect("a predictor");
    let graph = GraphPredictor::new(plan.clone(), parameters(), Device::Cpu);
    vec![Box::new(fused), Box::new(graph)]
}

#[test]
fn a_predictor_gives_the_results_of_its_engine_from_any_thread() {
    let team = SharedTeam::new(2);
    for case in cases() {
        let mut engines: [Box<dyn Engine>; 2] =
            [Box::new(case.fused(3, Isa::detect())), Box::new(case.graph()) as Box<Graph>];
        for (mut predictor, engine) in predictors(&case, &team).into_iter().zip(&mut engines) {
            let all: Vec<usize> = (0..SAMPLES).collect();
            let expected =
                case.with_batch(&all, |batch| engine.logits(&batch.samples).expect("logits").to_vec());
            let logits = std::thread::scope(|scope| {
                let work =
                    || case.with_batch(&all, |batch| predictor.logits(&batch.samples).map(<[f32]>::to_vec));
                scope.spawn(work).join().expect("no panic")
            });
            assert!(logits.expect("logits") == expected, "{} on {}", case.name, engine.name());
        }
    }
}

#[test]
fn a_prediction_of_the_fused_engine_is_identical_alone_and_in_any_batch() {
    let team = SharedTeam::new(2);
    for case in cases() {
        let mut predictor = predictors(&case, &team).swap_remove(0);
        let mut of = |indices: &[usize]| {
            case.with_batch(indices, |batch| predictor.logits(&batch.samples).expect("logits").to_vec())
        };
        let all: Vec<usize> = (0..SAMPLES).collect();
        let together = of(&all);
        let outputs = together.len() / SAMPLES;
        for (i, row) in together.chunks_exact(outputs).enumerate() {
            assert!(of(&[i]) == row, "{}: sample {i} alone", case.name);
        }
        // The last one or two samples are computed in other tiles than four of them.
        for end in 6..=18 {
            let some = of(&all[5..end]);
            assert!(some == together[5 * outputs..end * outputs], "{}: samples 5 to {end}", case.name);
        }
    }
}

#[test]
fn engines_and_predictors_share_a_thread_team_from_several_threads() {
    let case = zoo().swap_remove(0);
    let team = SharedTeam::new(3);
    let all: Vec<usize> = (0..SAMPLES).collect();
    let expected = case.with_batch(&all, |batch| {
        predictors(&case, &team)[0].logits(&batch.samples).expect("logits").to_vec()
    });
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let (case, all, expected, team) = (&case, &all, &expected, &team);
            let mut predictor = predictors(case, team).swap_remove(0);
            scope.spawn(move || {
                for round in 0..50 {
                    team.set_limit(1 + (thread + round) % 3);
                    case.with_batch(all, |batch| {
                        assert!(predictor.logits(&batch.samples).expect("logits") == expected);
                    });
                }
            });
        }
    });
}
