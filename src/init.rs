//! Initial values of parameters, named as in Keras and PyTorch.
//!
//! ```
//! use taper::init::Initializer;
//! use taper::random::{Purpose, Stream};
//!
//! let mut stream = Stream::new(42, Purpose::Init, [0, 0]);
//! let weights = Initializer::HeUniform.draw(&[16, 6], 6, 16, &mut stream);
//! assert!(weights.len() == 96 && weights.iter().all(|weight| weight.abs() <= 1.0));
//! ```

use serde::{Deserialize, Serialize};

use crate::random::Stream;

/// The distribution of a parameter's initial values. `fan_in` and `fan_out` are the number of inputs per
/// output and of outputs per input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Initializer {
    /// All 0.
    Zeros,
    /// All 1.
    Ones,
    /// Uniform in ±sqrt(6 / (`fan_in` + `fan_out`)) (Glorot and Bengio, 2010); Keras's default.
    GlorotUniform,
    /// Normal with variance 2 / (`fan_in` + `fan_out`), truncated at two standard deviations.
    GlorotNormal,
    /// Uniform in ±sqrt(6 / `fan_in`) (He et al., 2015).
    HeUniform,
    /// Normal with variance 2 / `fan_in`, truncated at two standard deviations.
    HeNormal,
    /// Uniform in ±sqrt(3 / `fan_in`) (LeCun et al., 1998).
    LecunUniform,
    /// Normal with variance 1 / `fan_in`, truncated at two standard deviations.
    LecunNormal,
    /// Uniform in ±1 / sqrt(`fan_in`): PyTorch's default for linear and convolution layers.
    TorchUniform,
}

impl Initializer {
    /// Draws the values of a parameter of `shape`, which is `[out, in, …]` as in PyTorch; `fan_in` is given
    /// separately because a bias has no inputs of its own.
    pub fn draw(self, shape: &[usize], fan_in: usize, fan_out: usize, stream: &mut Stream) -> Vec<f32> {
        let (fan_in, fan_out) = (fan_in.max(1) as f64, fan_out.max(1) as f64);
        let mut fill = |mut next: Box<dyn FnMut(&mut Stream) -> f64>| {
            (0..shape.iter().product()).map(|_| next(stream) as f32).collect()
        };
        match self {
            Self::Zeros => fill(Box::new(|_| 0.0)),
            Self::Ones => fill(Box::new(|_| 1.0)),
            Self::GlorotUniform => fill(uniform((6.0 / (fan_in + fan_out)).sqrt())),
            Self::GlorotNormal => fill(truncated_normal((2.0 / (fan_in + fan_out)).sqrt())),
            Self::HeUniform => fill(uniform((6.0 / fan_in).sqrt())),
            Self::HeNormal => fill(truncated_normal((2.0 / fan_in).sqrt())),
            Self::LecunUniform => fill(uniform((3.0 / fan_in).sqrt())),
            Self::LecunNormal => fill(truncated_normal((1.0 / fan_in).sqrt())),
            Self::TorchUniform => fill(uniform(1.0 / fan_in.sqrt())),
        }
    }
}

fn uniform(limit: f64) -> Box<dyn FnMut(&mut Stream) -> f64> {
    Box::new(move |stream| stream.uniform_in(-limit, limit))
}

/// Normal numbers truncated at two standard deviations. Truncation narrows the distribution; the constant
/// restores its standard deviation, as in Keras's variance scaling.
fn truncated_normal(std: f64) -> Box<dyn FnMut(&mut Stream) -> f64> {
    const STD_OF_TRUNCATED: f64 = 0.879_625_661_034_239_8;
    Box::new(move |stream| {
        loop {
            let number = stream.normal();
            if number.abs() <= 2.0 {
                return number * std / STD_OF_TRUNCATED;
            }
        }
    })
}
