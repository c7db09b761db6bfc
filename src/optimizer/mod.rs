//! How gradients change parameters: one file per optimizer, written as `[optimizer.NAME]`.
//!
//! An optimizer is a `Formula` that is written twice: as tensor operations, which run on every
//! device and in every precision, and as a [`Rule`] for sixteen values at once, which the CPU's
//! kernels apply where they have a gradient in their hands. Tests hold the two together.

pub mod adam;
pub mod adamw;
pub mod rmsprop;
pub mod sgd;

use candle_core::{DType, Result, Tensor, Var};
use rayon::prelude::*;

use crate::config::{Problems, registry};
use crate::kernels::lanes::Isa;
use crate::kernels::slices::with_slices;
use crate::kernels::update::{Rule, Trained, Work, values};

registry! {
    /// `[optimizer.NAME]`: how gradients change parameters.
    Config: Member {
        sgd, adam, adamw, rmsprop
    }
}

/// An optimizer that a config can name.
pub trait Member {
    /// Reports what no schema can say about the options.
    fn validate(&self, _problems: &mut Problems<'_>) {}

    /// The step size from the config.
    fn learning_rate(&self) -> f64;

    /// How many values of state each parameter has.
    fn slots(&self) -> usize;

    /// The live optimizer for `parameters`, with fresh state.
    ///
    /// # Errors
    /// If the state cannot be allocated.
    fn build(&self, parameters: &[Var]) -> Result<Box<dyn Optimizer>>;
}

/// A live optimizer with one state tensor, or none, of each kind for each parameter.
pub trait Optimizer: Send {
    /// Changes `parameters` by one step. `gradients[i]` belongs to `parameters[i]`; `step` counts
    /// from 1, for bias correction.
    ///
    /// # Errors
    /// If the tensor library refuses.
    fn step(&mut self, parameters: &[Var], gradients: &[Tensor], learning_rate: f64, step: u64)
    -> Result<()>;

    /// Does work of the CPU's kernels that ends with this optimizer's update; `step` counts from 1.
    /// The state is part of the work: slices of the variables of [`state`](Self::state).
    fn update(&self, work: Work<'_>, learning_rate: f64, step: u64);

    /// The state by kind (such as `first_moment`), each with one variable for each parameter.
    fn state(&self) -> Vec<(&'static str, &[Var])>;
}

/// Values of one parameter that one thread updates. A fixed size: which thread takes a chunk never
/// changes a result.
const CHUNK: usize = 16 * 1024;

/// How one value changes, written twice.
trait Formula: Send + Sync + 'static {
    /// The factors of one step, computed once in f64.
    type Factors: Copy + Sync;

    /// The formula with one step's factors in f32.
    type Rule: Rule;

    /// The kinds of state, at most [`SLOTS`](crate::kernels::update::SLOTS) of them.
    fn kinds(&self) -> &'static [&'static str];

    /// The factors of step number `step`, counted from 1.
    fn factors(&self, learning_rate: f64, step: u64) -> Self::Factors;

    /// The reference: the new parameter and the new state.
    fn tensors(
        &self,
        factors: Self::Factors,
        theta: &Tensor,
        gradient: &Tensor,
        slots: &[Tensor],
    ) -> Result<(Tensor, Vec<Tensor>)>;

    /// The same for the kernels.
    fn rule(&self, factors: Self::Factors) -> Self::Rule;
}

/// A formula with its state.
struct Live<F> {
    formula: F,
    slots: Vec<Vec<Var>>, // as in `Formula::kinds`, then as the parameters
}

impl<F: Formula> Live<F> {
    fn boxed(formula: F, parameters: &[Var]) -> Result<Box<dyn Optimizer>> {
        let zeros =
            || parameters.iter().map(|parameter| Var::from_tensor(&parameter.zeros_like()?)).collect();
        let slots = formula.kinds().iter().map(|_| zeros()).collect::<Result<_>>()?;
        Ok(Box::new(Self { formula, slots }))
    }

    fn step_tensors(
        &self,
        factors: F::Factors,
        theta: &Var,
        gradient: &Tensor,
        slots: &[&Var],
    ) -> Result<()> {
        let old: Vec<Tensor> = slots.iter().map(|slot| slot.as_detached_tensor()).collect();
        let (new, state) =
            self.formula.tensors(factors, &theta.as_detached_tensor(), &gradient.detach(), &old)?;
        theta.set(&new)?;
        slots.iter().zip(&state).try_for_each(|(slot, state)| slot.set(state))
    }

    fn step_slices(&self, factors: F::Factors, theta: &Var, gradient: &Tensor, slots: &[&Var]) -> Result<()> {
        let vars: Vec<&Var> = std::iter::once(theta).chain(slots.iter().copied()).collect();
        with_slices::<f32, _>(&vars, &[&gradient.contiguous()?], |vars, inputs| {
            let ([theta, slots @ ..], [gradient]) = (vars, inputs) else { return Ok(()) };
            let mut slots = slots.iter_mut();
            let mut slot = || slots.next().map_or(&mut [][..], |slot| &mut **slot);
            let slots = [slot(), slot()];
            let (rule, isa) = (self.formula.rule(factors), Isa::detect());
            let [mut first, mut second] = slots;
            let mut pieces = Vec::with_capacity(theta.len().div_ceil(CHUNK));
            for (theta, gradient) in theta.chunks_mut(CHUNK).zip(gradient.chunks(CHUNK)) {
                let slots = [&mut first, &mut second]
                    .map(|slot| slot.split_off_mut(..theta.len()).unwrap_or_default());
                pieces.push((Trained { theta, slots }, gradient));
            }
            pieces.into_par_iter().for_each(|(trained, gradient)| values(isa, rule, trained, gradient));
            Ok(())
        })
    }
}

impl<F: Formula> Optimizer for Live<F> {
    fn step(
        &mut self,
        parameters: &[Var],
        gradients: &[Tensor],
        learning_rate: f64,
        step: u64,
    ) -> Result<()> {
        let factors = self.formula.factors(learning_rate, step);
        for (i, (theta, gradient)) in parameters.iter().zip(gradients).enumerate() {
            if theta.shape() != gradient.shape() {
                candle_core::bail!(
                    "a gradient of shape {:?} for a parameter of shape {:?}",
                    gradient.shape(),
                    theta.shape()
                );
            }
            let slots: Vec<&Var> = self.slots.iter().filter_map(|slot| slot.get(i)).collect();
            if theta.device().is_cpu() && theta.dtype() == DType::F32 {
                self.step_slices(factors, theta, gradient, &slots)?;
            } else {
                self.step_tensors(factors, theta, gradient, &slots)?;
            }
        }
        Ok(())
    }

    fn update(&self, work: Work<'_>, learning_rate: f64, step: u64) {
        work.run(self.formula.rule(self.formula.factors(learning_rate, step)));
    }

    fn state(&self) -> Vec<(&'static str, &[Var])> {
        self.formula.kinds().iter().copied().zip(self.slots.iter().map(Vec::as_slice)).collect()
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::random::{Purpose, Stream};

    /// Every member, and every option that adds or removes a term.
    fn variants() -> Vec<(Config, &'static [&'static str])> {
        let variants: [(serde_json::Value, &'static [&'static str]); 11] = [
            (serde_json::json!({"sgd": {}}), &[]),
            (serde_json::json!({"sgd": {"weight_decay": 0.1}}), &[]),
            (serde_json::json!({"sgd": {"momentum": 0.9}}), &["velocity"]),
            (
                serde_json::json!({"sgd": {"momentum": 0.9, "nesterov": true, "weight_decay": 0.1}}),
                &["velocity"],
            ),
            (serde_json::json!({"adam": {}}), &["first_moment", "second_moment"]),
            (serde_json::json!({"adam": {"weight_decay": 0.1}}), &["first_moment", "second_moment"]),
            (serde_json::json!({"adamw": {}}), &["first_moment", "second_moment"]),
            (serde_json::json!({"adamw": {"beta1": 0.0}}), &["first_moment", "second_moment"]),
            (serde_json::json!({"rmsprop": {}}), &["square_average"]),
            (serde_json::json!({"rmsprop": {"momentum": 0.9}}), &["square_average", "velocity"]),
            (serde_json::json!({"rmsprop": {"rho": 0.5, "epsilon": 0.01}}), &["square_average"]),
        ];
        let parse = |(json, slots)| (serde_json::from_value(json).expect("a valid config"), slots);
        variants.into_iter().map(parse).collect()
    }

    fn numbers(count: usize, counter: u64) -> Vec<f64> {
        let mut stream = Stream::new(1, Purpose::Data, [counter, 0]);
        (0..count).map(|_| f64::from(stream.normal() as f32)).collect()
    }

    /// The parameters and the state after some steps with fixed gradients.
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
        let state = optimizer.state().into_iter().flat_map(|(_, slots)| slots.to_vec());
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
        // As on CUDA, where no slices are to be had.
        let theta = Var::new(&[1_f32, -2.0], &Device::Cpu)?;
        let gradient = Tensor::new(&[0.5_f32, 0.25], &Device::Cpu)?;
        let live = Live { formula: sgd::Config { momentum: 0.5, ..Default::default() }, slots: vec![] };
        let velocity = Var::new(&[1_f32, 1.0], &Device::Cpu)?;
        let factors = live.formula.factors(0.5, 1);
        live.step_tensors(factors, &theta, &gradient, &[&velocity])?;
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
    fn state_has_the_promised_kinds_and_shapes() -> Result<()> {
        let parameters =
            [Var::zeros((2, 3), DType::F32, &Device::Cpu)?, Var::zeros((), DType::F64, &Device::Cpu)?];
        for (config, slots) in variants() {
            let optimizer = config.member().build(&parameters)?;
            let state = optimizer.state();
            let kinds: Vec<_> = state.iter().map(|(kind, _)| *kind).collect();
            assert_eq!(kinds, slots, "{config:?}");
            assert!(kinds.len() <= crate::kernels::update::SLOTS);
            assert_eq!(kinds.len(), config.member().slots());
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
    fn a_quadratic_bowl_falls() -> Result<()> {
        let slopes = Tensor::new(&[1_f32, 3.0, 0.3], &Device::Cpu)?;
        for (config, _) in variants() {
            let theta = Var::new(&[1_f32, -1.0, 0.5], &Device::Cpu)?;
            let height = || (theta.as_detached_tensor().sqr()? * &slopes)?.sum_all()?.to_scalar::<f32>();
            let start = height()?;
            let mut optimizer = config.member().build(std::slice::from_ref(&theta))?;
            for step in 1..=300 {
                let gradient = (theta.as_detached_tensor() * &slopes)?;
                optimizer.step(std::slice::from_ref(&theta), &[gradient], 0.02, step)?;
            }
            let end = height()?;
            assert!(end < 0.01 * start, "{config:?}: {start} {end}");
        }
        Ok(())
    }

    #[test]
    fn continues_from_a_copied_state_as_if_never_stopped() -> Result<()> {
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
            let config: Config =
                serde_json::from_value(serde_json::json!({ *name: {} })).expect("the defaults");
            let mut found = Vec::new();
            config.member().validate(&mut Problems::new(&mut found));
            assert!(found.is_empty(), "{name}: {found:?}");
            assert!(config.member().learning_rate() > 0.0);
            assert!(variants().iter().any(|(variant, _)| variant.name() == *name), "{name} has no variant");
        }
    }
}
