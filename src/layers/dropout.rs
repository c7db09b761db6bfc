//! Dropout (Srivastava et al., 2014), scaled while training: each value becomes 0 with probability
//! `rate`, and x / (1 - rate) otherwise. Evaluation changes nothing.

use candle_core::{Device, Result, Tensor, Var};
use serde::{Deserialize, Serialize};

use super::{Layer, Member, Mode, Operation};
use crate::random::{Purpose, Stream};
use crate::shape::Shape;

/// `dropout`: while training, sets a random share of the values to 0 and scales up the others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The share of the values that becomes 0.
    #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
    pub rate: f64,
}

impl Member for Config {
    fn output_shape(&self, input: &Shape) -> std::result::Result<Shape, String> {
        Ok(input.clone())
    }

    fn flops(&self, _input: &Shape) -> u64 {
        0
    }

    fn operations(&self, _input: &Shape) -> Option<Vec<Operation>> {
        Some(vec![Operation::Dropout { rate: self.rate }])
    }

    fn build(&self, _input: &Shape, _variables: &[Var], index: usize) -> Box<dyn Layer> {
        Box::new(Dropout { rate: self.rate, index: index as u64 })
    }
}

/// The live layer.
struct Dropout {
    rate: f64,
    index: u64,
}

impl Layer for Dropout {
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let Mode::Training { seed, step, first } = mode else {
            return Ok(x.clone());
        };
        if self.rate <= 0.0 {
            return Ok(x.clone());
        }
        // Drawn on the CPU for every device, so that all train with the same masks.
        let mut stream = Stream::new(seed, Purpose::Dropout, [step, self.index]);
        let samples = x.dim(0)?.max(1);
        stream.skip_to((first * (x.elem_count() / samples)) as u64);
        let mut mask = vec![0.0_f32; x.elem_count()];
        stream.dropout_mask(self.rate, &mut mask);
        let mask = Tensor::from_vec(mask, x.shape(), &Device::Cpu)?.to_dtype(x.dtype())?;
        x * mask.to_device(x.device())?
    }
}
