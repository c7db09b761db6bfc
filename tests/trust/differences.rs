//! Not tests: gradients compared with central differences in f64, with the tolerances of PyTorch's
//! `gradcheck`.

use candle_core::{Device, Result, Tensor, Var};
use serde_json::json;
use taper::layers::{self, Mode};
use taper::random::Stream;
use taper::shape::Shape;

use crate::live::Live;
use crate::tier::report;

const STEP: f64 = 1e-6;
const ABSOLUTE: f64 = 1e-5;
const RELATIVE: f64 = 1e-3;
/// The minimum distance from a kink: a hundred times the change caused by a difference step.
const DISTANCE: f64 = 1e-4;

/// Whether gradients agree, or else where they do not.
pub type Outcome = std::result::Result<(), String>;

/// The accumulated results of comparisons.
#[derive(Default)]
pub struct Checked {
    cases: u64,
    redrawn: u64,
    derivatives: u64,
    worst_absolute: f64,
    /// The largest derivative.
    pub largest: f64,
    /// The largest error as a fraction of the tolerance.
    worst_share: f64,
}

impl Checked {
    pub fn report(&self, what: &str) {
        let figures = json!({
            "cases": self.cases, "derivatives": self.derivatives, "redrawn_near_kinks": self.redrawn,
            "worst_absolute_error": self.worst_absolute, "worst_share_of_tolerance": self.worst_share,
            "step": STEP, "atol": ABSOLUTE, "rtol": RELATIVE,
        });
        report(what, &figures);
    }

    fn compare(&mut self, found: f64, expected: f64) -> bool {
        let (error, allowed) = ((found - expected).abs(), ABSOLUTE + RELATIVE * expected.abs());
        self.derivatives += 1;
        self.worst_absolute = self.worst_absolute.max(error);
        self.largest = self.largest.max(expected.abs());
        self.worst_share = self.worst_share.max(error / allowed);
        error <= allowed // false for NaN
    }

    /// Compares the gradients of a weighted sum of `output` with respect to `variables`: along a random
    /// direction in all values of each, and for up to `most` single values.
    pub fn gradients(
        &mut self,
        variables: &[(String, Var)],
        most: usize,
        draw: &mut Stream,
        output: impl Fn() -> Result<Tensor>,
    ) -> Result<Outcome> {
        let first = output()?;
        let weights: Vec<f64> = (0..first.elem_count()).map(|_| draw.uniform_in(-1.0, 1.0)).collect();
        let weights = Tensor::from_vec(weights, first.shape(), &Device::Cpu)?;
        let sum = || -> Result<Tensor> { (output()? * &weights)?.sum_all() };
        let gradients = sum()?.backward()?;
        for (name, variable) in variables {
            let values: Vec<f64> = variable.flatten_all()?.to_vec1()?;
            let gradient = match gradients.get(variable) {
                Some(gradient) => gradient.flatten_all()?.to_vec1::<f64>()?,
                None => vec![0.0; values.len()],
            };
            let along = |direction: &[f64]| -> Result<f64> {
                let at = |sign: f64| -> Result<f64> {
                    let moved = values.iter().zip(direction).map(|(value, by)| value + sign * STEP * by);
                    let moved = Tensor::from_vec(moved.collect::<Vec<_>>(), variable.shape(), &Device::Cpu)?;
                    variable.set(&moved)?;
                    sum()?.to_scalar()
                };
                Ok((at(1.0)? - at(-1.0)?) / (2.0 * STEP))
            };
            let length = (values.len() as f64).sqrt();
            let all: Vec<f64> = values
                .iter()
                .map(|_| if draw.below(2) == 0 { 1.0 / length } else { -1.0 / length })
                .collect();
            let mut singles: Vec<usize> = (0..values.len()).collect();
            draw.shuffle(&mut singles);
            let units = singles.iter().take(most).map(|&i| {
                let mut unit = vec![0.0; values.len()];
                unit[i] = 1.0;
                unit
            });
            for direction in std::iter::once(all).chain(units) {
                let expected = along(&direction)?;
                let found = gradient.iter().zip(&direction).map(|(gradient, by)| gradient * by).sum();
                if !self.compare(found, expected) {
                    return Ok(Err(format!("{name}: gradient {found}, differences {expected}")));
                }
            }
            variable.set(&Tensor::from_vec(values, variable.shape(), &Device::Cpu)?)?;
        }
        self.cases += 1;
        Ok(Ok(()))
    }

    /// The same for live layers and their input; `change` may falsify the output's gradient.
    pub fn layers(
        &mut self,
        live: &Live,
        x: &Var,
        most: usize,
        draw: &mut Stream,
        change: impl Fn(Tensor) -> Result<Tensor>,
    ) -> Result<Outcome> {
        let trained = live.parameters.iter().filter(|(_, _, trained)| *trained);
        let mut variables: Vec<_> = trained.map(|(name, own, _)| (name.clone(), own.clone())).collect();
        variables.push(("the input".to_owned(), x.clone()));
        for pass in [Mode::Training { seed: 5, step: 2, first: 0 }, Mode::Inference] {
            let found = self.gradients(&variables, most, draw, || change(live.forward(x, pass)?))?;
            if found.is_err() {
                return Ok(found.map_err(|error| format!("{pass:?}: {error}")));
            }
        }
        Ok(Ok(()))
    }

    /// Draws until no kink is near.
    pub fn away_from_kinks<T>(&mut self, mut draw: impl FnMut() -> Result<(T, f64)>) -> Result<T> {
        for _ in 0..1000 {
            let (case, distance) = draw()?;
            if distance > DISTANCE {
                return Ok(case);
            }
            self.redrawn += 1;
        }
        panic!("a thousand draws were near a kink");
    }

    /// Live layers for `configs` with an input of `samples` samples.
    pub fn live(
        &mut self,
        configs: &[layers::Config],
        shape: &[usize],
        samples: usize,
        draw: &mut Stream,
    ) -> Result<(Live, Var)> {
        let shape = Shape(shape.to_vec());
        self.away_from_kinks(|| {
            let live = Live::new(configs, &shape, draw)?;
            let x = uniform(&shape.batch(samples), draw)?;
            let training = live.distance_from_kinks(&x, Mode::Training { seed: 5, step: 2, first: 0 })?;
            let inference = live.distance_from_kinks(&x, Mode::Inference)?;
            Ok(((live, x), training.min(inference)))
        })
    }
}

/// Values in [-2, 2) that f32 represents exactly.
pub fn uniform(shape: &[usize], draw: &mut Stream) -> Result<Var> {
    let values = (0..shape.iter().product()).map(|_| f64::from(draw.uniform_in(-2.0, 2.0) as f32));
    Var::from_tensor(&Tensor::from_vec(values.collect::<Vec<_>>(), shape, &Device::Cpu)?)
}
