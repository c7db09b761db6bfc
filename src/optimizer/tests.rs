//! Properties of every optimizer: the formulas agree, state, descent.

use candle_core::{DType, Device, Tensor};

use super::live::CHUNK;
use super::*;
use crate::random::{Purpose, Stream};

/// Every member, and every option that adds or removes a term.
fn variants() -> Vec<(Config, &'static [&'static str])> {
    let variants: [(serde_json::Value, &'static [&'static str]); 19] = [
        (serde_json::json!({"sgd": {}}), &[]),
        (serde_json::json!({"sgd": {"weight_decay": 0.1}}), &[]),
        (serde_json::json!({"sgd": {"momentum": 0.9}}), &["velocity"]),
        (serde_json::json!({"sgd": {"momentum": 0.9, "nesterov": true, "weight_decay": 0.1}}), &["velocity"]),
        (serde_json::json!({"adam": {}}), &["first_moment", "second_moment"]),
        (serde_json::json!({"adam": {"weight_decay": 0.1}}), &["first_moment", "second_moment"]),
        (serde_json::json!({"adamw": {}}), &["first_moment", "second_moment"]),
        (serde_json::json!({"adamw": {"beta1": 0.0}}), &["first_moment", "second_moment"]),
        (serde_json::json!({"rmsprop": {}}), &["square_average"]),
        (serde_json::json!({"rmsprop": {"momentum": 0.9}}), &["square_average", "velocity"]),
        (serde_json::json!({"rmsprop": {"rho": 0.5, "epsilon": 0.01}}), &["square_average"]),
        (serde_json::json!({"adagrad": {}}), &["square_sum"]),
        (serde_json::json!({"adagrad": {"initial_accumulator": 0.1, "weight_decay": 0.1}}), &["square_sum"]),
        (serde_json::json!({"adamax": {}}), &["first_moment", "infinity_norm"]),
        (serde_json::json!({"adamax": {"weight_decay": 0.1}}), &["first_moment", "infinity_norm"]),
        (serde_json::json!({"nadam": {}}), &["first_moment", "second_moment"]),
        (serde_json::json!({"nadam": {"weight_decay": 0.1}}), &["first_moment", "second_moment"]),
        (serde_json::json!({"lion": {}}), &["first_moment"]),
        (serde_json::json!({"lion": {"weight_decay": 0.1}}), &["first_moment"]),
    ];
    let parse = |(json, kinds)| (serde_json::from_value(json).expect("a valid config"), kinds);
    variants.into_iter().map(parse).collect()
}

fn numbers(count: usize, counter: u64) -> Vec<f64> {
    let mut stream = Stream::new(1, Purpose::Data, [counter, 0]);
    (0..count).map(|_| f64::from(stream.normal() as f32)).collect()
}

/// The parameters and the state after several steps with fixed gradients.
fn run(config: &Config, dtype: DType, shapes: &[&[usize]], steps: u64) -> Result<Vec<Vec<f64>>> {
    let tensor = |shape: &[usize], counter| {
        let values = numbers(shape.iter().product(), counter);
        Tensor::from_vec(values, shape, &Device::Cpu)?.to_dtype(dtype)
    };
    let parameters = shapes
        .iter()
        .enumerate()
        .map(|(i, shape)| Var::from_tensor(&tensor(shape, i as u64)?))
        .collect::<Result<Vec<_>>>()?;
    let mut optimizer = config.member().build(&parameters)?;
    for step in 1..=steps {
        let gradients = shapes
            .iter()
            .enumerate()
            .map(|(i, shape)| tensor(shape, 100 * step + i as u64))
            .collect::<Result<Vec<_>>>()?;
        optimizer.step(&parameters, &gradients, 0.01, step)?;
    }
    let state = optimizer.state().into_iter().flat_map(|(_, vars)| vars.to_vec());
    let values = |var: Var| var.as_tensor().flatten_all()?.to_dtype(DType::F64)?.to_vec1::<f64>();
    parameters.iter().cloned().chain(state).map(values).collect()
}

#[test]
fn one_pass_agrees_with_the_reference() -> Result<()> {
    let shapes: [&[usize]; 3] = [&[3, 5], &[7], &[]];
    for (config, _) in variants() {
        for steps in [1, 2, 7] {
            let fast = run(&config, DType::F32, &shapes, steps)?;
            let reference = run(&config, DType::F64, &shapes, steps)?;
            for (a, b) in fast.iter().flatten().zip(reference.iter().flatten()) {
                assert!((a - b).abs() <= 1e-6 * b.abs().max(1.0), "{config:?}, {steps} steps: {a} {b}");
            }
        }
    }
    Ok(())
}

#[test]
fn the_reference_also_runs_in_f32() -> Result<()> {
    // As on CUDA, where slices are not available.
    let theta = Var::new(&[1_f32, -2.0], &Device::Cpu)?;
    let gradient = Tensor::new(&[0.5_f32, 0.25], &Device::Cpu)?;
    let formula = sgd::Config { momentum: 0.5, ..Default::default() };
    let velocity = Var::new(&[1_f32, 1.0], &Device::Cpu)?;
    let mut live = Live::new(formula, vec![]);
    live.begin(0.5, 1);
    live.own.step_tensors(&theta, &gradient, &[&velocity])?;
    assert_eq!(velocity.to_vec1::<f32>()?, [1.0, 0.75]);
    assert_eq!(theta.to_vec1::<f32>()?, [0.5, -2.375]);
    Ok(())
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() -> Result<()> {
    let shapes: [&[usize]; 2] = [&[3, CHUNK - 1], &[CHUNK]];
    for (config, _) in variants() {
        let with_threads = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            pool.install(|| run(&config, DType::F32, &shapes, 2))
        };
        assert_eq!(with_threads(1)?, with_threads(3)?, "{config:?}");
    }
    Ok(())
}

#[test]
fn state_has_the_declared_kinds_and_shapes() -> Result<()> {
    let parameters =
        [Var::zeros((2, 3), DType::F32, &Device::Cpu)?, Var::zeros((), DType::F64, &Device::Cpu)?];
    for (config, expected) in variants() {
        let optimizer = config.member().build(&parameters)?;
        let state = optimizer.state();
        let kinds: Vec<_> = state.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, expected, "{config:?}");
        assert!(kinds.len() <= taper_kernels::rule::MAX_STATE);
        assert_eq!(kinds.len(), config.member().state_count());
        for (kind, vars) in state {
            assert_eq!(vars.len(), parameters.len());
            for (var, parameter) in vars.iter().zip(&parameters) {
                assert_eq!((var.shape(), var.dtype()), (parameter.shape(), parameter.dtype()), "{kind}");
            }
        }
    }
    Ok(())
}

#[test]
fn a_quadratic_bowl_is_descended() -> Result<()> {
    let slopes = Tensor::new(&[1_f32, 3.0, 0.3], &Device::Cpu)?;
    for (config, _) in variants() {
        let theta = Var::new(&[1_f32, -1.0, 0.5], &Device::Cpu)?;
        let height = || (theta.as_detached_tensor().sqr()? * &slopes)?.sum_all()?.to_scalar::<f32>();
        let start = height()?;
        let mut optimizer = config.member().build(std::slice::from_ref(&theta))?;
        // Adagrad's steps shrink.
        for step in 1..=5000 {
            let gradient = (theta.as_detached_tensor() * &slopes)?;
            optimizer.step(std::slice::from_ref(&theta), &[gradient], 0.02, step)?;
        }
        let end = height()?;
        assert!(end < 0.01 * start, "{config:?}: {start} {end}");
    }
    Ok(())
}

#[test]
fn training_continues_from_a_copied_state() -> Result<()> {
    let gradient = Tensor::new(&[0.5_f32, -0.25], &Device::Cpu)?;
    let gradient = std::slice::from_ref(&gradient);
    for (config, _) in variants() {
        let whole = [Var::new(&[1_f32, 2.0], &Device::Cpu)?];
        let mut optimizer = config.member().build(&whole)?;
        optimizer.step(&whole, gradient, 0.1, 1)?;
        let resumed = [Var::from_tensor(&whole[0].copy()?)?];
        let mut other = config.member().build(&resumed)?;
        for ((_, from), (_, to)) in optimizer.state().into_iter().zip(other.state()) {
            to[0].set(&from[0].as_detached_tensor())?;
        }
        optimizer.step(&whole, gradient, 0.1, 2)?;
        other.step(&resumed, gradient, 0.1, 2)?;
        assert_eq!(whole[0].to_vec1::<f32>()?, resumed[0].to_vec1::<f32>()?, "{config:?}");
    }
    Ok(())
}

#[test]
fn a_step_returns_whether_parameters_and_state_are_finite() -> Result<()> {
    for (config, kinds) in variants() {
        for dtype in [DType::F32, DType::F64] {
            // A parameter, each kind of state, and the gradient, in turn.
            for which in 0..kinds.len() + 2 {
                for bad in [None, Some(f64::NAN), Some(f64::INFINITY)] {
                    let values = |bad: Option<f64>| {
                        let mut values = [0.5; 37];
                        values[20] = bad.unwrap_or(0.5);
                        Tensor::new(&values, &Device::Cpu)?.to_dtype(dtype)
                    };
                    let own = |number: usize| values(bad.filter(|_| which == number));
                    let theta = [Var::from_tensor(&own(0)?)?];
                    let mut optimizer = config.member().build(&theta)?;
                    for (i, (_, vars)) in optimizer.state().into_iter().enumerate() {
                        vars[0].set(&own(i + 1)?)?;
                    }
                    let gradient = own(kinds.len() + 1)?;
                    let finite = optimizer.step(&theta, &[gradient], 0.1, 3)?;
                    assert_eq!(finite, bad.is_none(), "{config:?} in {dtype:?}: {bad:?} in {which}");
                }
            }
        }
    }
    Ok(())
}

#[test]
fn refuses_a_gradient_of_another_shape() -> Result<()> {
    for (config, _) in variants() {
        let parameters = [Var::zeros(3, DType::F32, &Device::Cpu)?];
        let gradients = [Tensor::zeros(2, DType::F32, &Device::Cpu)?];
        assert!(config.member().build(&parameters)?.step(&parameters, &gradients, 0.1, 1).is_err());
    }
    Ok(())
}

#[test]
fn the_defaults_of_every_member_are_valid() {
    for name in Config::NAMES {
        let config: Config = serde_json::from_value(serde_json::json!({ *name: {} })).expect("the defaults");
        let mut found = Vec::new();
        config.member().validate(&mut Problems::new(&mut found));
        assert!(found.is_empty(), "{name}: {found:?}");
        assert!(config.member().learning_rate() > 0.0);
        assert!(variants().iter().any(|(variant, _)| variant.name() == *name), "{name} has no variant");
    }
}

#[test]
fn averages_stay_normal_numbers_once_gradients_are_0() -> Result<()> {
    // A penalty moves the weights towards 0, and the moments with them.
    let penalty = |config: &Config| match config {
        Config::adam(adam) => adam.weight_decay > 0.0,
        Config::adamax(adamax) => adamax.weight_decay > 0.0,
        Config::nadam(nadam) => nadam.weight_decay > 0.0,
        _ => false,
    };
    for (config, _) in variants().into_iter().filter(|(config, _)| !penalty(config)) {
        // The first weight has a gradient once, the second never.
        let theta = [Var::new(&[1_f32, 0.0], &Device::Cpu)?];
        let mut optimizer = config.member().build(&theta)?;
        for step in 1..=2000 {
            let gradient = Tensor::new(&[if step == 1 { 0.5_f32 } else { 0.0 }, 0.0], &Device::Cpu)?;
            assert!(optimizer.step(&theta, &[gradient], 0.01, step)?, "{config:?}");
        }
        for (name, vars) in optimizer.state() {
            for value in vars[0].to_vec1::<f32>()? {
                assert!(value.is_normal() || value == 0.0, "{config:?}: {value:e} in {name}");
            }
        }
        let moved = theta[0].to_vec1::<f32>()?[1];
        let most = if optimizer.state().is_empty() { 0.0 } else { 1e-18 };
        assert!(moved.abs() <= most, "{config:?}: {moved:e} without a gradient");
    }
    Ok(())
}
