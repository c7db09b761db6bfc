//! Compares gradients with finite differences, for the tests of operations, layers and losses.
//!
//! In f64, with central differences (f(x + ε) - f(x - ε)) / 2ε, ε = 1e-6. Random weights reduce the output
//! to a scalar: a plain sum would hide errors that cancel out.

use candle_core::{DType, Device, Result, Tensor, Var};

use crate::random::{Purpose, Stream};

const STEP: f64 = 1e-6;
const ABSOLUTE: f64 = 1e-5;
const RELATIVE: f64 = 1e-3;

/// A variable of uniform random numbers in [`low`, `high`), f64, the same for the same `seed`.
pub(crate) fn random(shape: &[usize], low: f64, high: f64, seed: u64) -> Result<Var> {
    let mut stream = Stream::new(seed, Purpose::Data, [0, 0]);
    let values: Vec<f64> = (0..shape.iter().product()).map(|_| stream.uniform_in(low, high)).collect();
    Var::from_tensor(&Tensor::from_vec(values, shape, &Device::Cpu)?)
}

/// Fails the test unless the gradients of `output` with respect to all values of `variables`, which must be
/// f64, agree with finite differences.
pub(crate) fn check_gradients(
    what: &str,
    variables: &[(&str, &Var)],
    output: impl Fn() -> Result<Tensor>,
) -> Result<()> {
    let shape = output()?.dims().to_vec();
    let weights = random(&shape, -1.0, 1.0, 977)?.as_detached_tensor();
    let loss = || -> Result<Tensor> { (output()? * &weights)?.sum_all() };
    let gradients = loss()?.backward()?;
    for (name, variable) in variables {
        let Some(gradient) = gradients.get(variable) else {
            panic!("{what}: no gradient reached {name}");
        };
        assert_eq!(gradient.dims(), variable.dims(), "{what}: shape of the gradient of {name}");
        assert_eq!(gradient.dtype(), DType::F64, "{what}: type of the gradient of {name}");
        let gradient = gradient.flatten_all()?.to_vec1::<f64>()?;
        let original = variable.flatten_all()?.to_vec1::<f64>()?;
        let set =
            |values: &[f64]| variable.set(&Tensor::new(values, &Device::Cpu)?.reshape(variable.dims())?);
        for i in 0..original.len() {
            let mut moved = original.clone();
            moved[i] = original[i] + STEP;
            set(&moved)?;
            let above = loss()?.to_scalar::<f64>()?;
            moved[i] = original[i] - STEP;
            set(&moved)?;
            let below = loss()?.to_scalar::<f64>()?;
            let difference = (above - below) / (2.0 * STEP);
            let limit = ABSOLUTE + RELATIVE * difference.abs();
            assert!(
                (gradient[i] - difference).abs() <= limit,
                "{what}: gradient of {name}[{i}] is {}, but finite differences give {difference}",
                gradient[i]
            );
        }
        set(&original)?;
    }
    Ok(())
}

#[test]
fn accepts_a_right_gradient() -> Result<()> {
    let (x, y) = (random(&[2, 3], -2.0, 2.0, 1)?, random(&[2, 3], 1.0, 2.0, 2)?);
    check_gradients("x² / y", &[("x", &x), ("y", &y)], || x.sqr()?.div(&y))
}

#[test]
#[should_panic(expected = "gradient of x[0] is")]
fn fails_on_a_wrong_gradient() {
    // candle's own pooling: a quarter of the right value.
    let wrong = || -> Result<()> {
        let x = random(&[1, 1, 2, 2], -2.0, 2.0, 1)?;
        #[expect(clippy::disallowed_methods, reason = "its wrong gradient is what the test is about")]
        check_gradients("pool", &[("x", &x)], || x.max_pool2d(2)? * 1.0)
    };
    wrong().expect("candle computes something");
}

#[test]
#[should_panic(expected = "no gradient reached x")]
fn fails_on_a_cut_graph() {
    let x = random(&[3], -2.0, 2.0, 1).expect("is allocated");
    check_gradients("detached", &[("x", &x)], || x.detach().sqr()).expect("candle computes something");
}
