//! Optimizers with their state, whatever their formula.

use candle_core::{DType, Result, Tensor, Var};
use rayon::prelude::*;

use crate::ops::all_finite;
use crate::ops::slices::with_slices;
use taper_kernels::rule::{Rule, Trained, watch};
use taper_kernels::simd::lanes::Isa;
use taper_kernels::work::{Work, values};

/// A live optimizer with one state tensor, or none, of each kind for each parameter.
pub trait Optimizer: Send {
    /// Changes `parameters` by one step, and says whether all of them and all state are finite now.
    /// `gradients[i]` belongs to `parameters[i]`; `step` counts from 1, for bias correction.
    ///
    /// # Errors
    /// If the tensor library refuses.
    fn step(
        &mut self,
        parameters: &[Var],
        gradients: &[Tensor],
        learning_rate: f64,
        step: u64,
    ) -> Result<bool>;

    /// Computes the factors of one step, for all calls of [`update`](Self::update) until the next one
    /// begins; `step` counts from 1.
    fn begin(&mut self, learning_rate: f64, step: u64);

    /// Does work of the CPU's kernels that ends with the update of the step that was begun, and says
    /// whether all new values are finite, as [`Work::run`] does. The state is part of the work: slices
    /// of the variables of [`state`](Self::state).
    #[must_use]
    fn update(&self, work: Work<'_>) -> bool;

    /// The state by kind (such as `first_moment`), each with one variable for each parameter.
    fn state(&self) -> Vec<(&'static str, &[Var])>;
}

/// Values of one parameter that one thread updates. A fixed size: which thread takes a chunk never
/// changes a result.
pub(super) const CHUNK: usize = 16 * 1024;

/// How one value changes, written twice.
pub(super) trait Formula: Send + Sync + 'static {
    /// The factors of one step, computed once in f64.
    type Factors: Copy + Send + Sync;

    /// The formula with one step's factors in f32.
    type Rule: Rule;

    /// The kinds of state, at most [`SLOTS`](taper_kernels::rule::SLOTS) of them.
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
pub(super) struct Live<F: Formula> {
    formula: F,
    /// Those of the step that was begun; before the first one, of a step of size 0.
    factors: F::Factors,
    rule: F::Rule,
    slots: Vec<Vec<Var>>, // as in `Formula::kinds`, then as the parameters
}

impl<F: Formula> Live<F> {
    pub(super) fn new(formula: F, slots: Vec<Vec<Var>>) -> Self {
        let factors = formula.factors(0.0, 1);
        Self { factors, rule: formula.rule(factors), formula, slots }
    }

    pub(super) fn boxed(formula: F, parameters: &[Var]) -> Result<Box<dyn Optimizer>> {
        let zeros =
            || parameters.iter().map(|parameter| Var::from_tensor(&parameter.zeros_like()?)).collect();
        let slots = formula.kinds().iter().map(|_| zeros()).collect::<Result<_>>()?;
        Ok(Box::new(Self::new(formula, slots)))
    }

    pub(super) fn step_tensors(&self, theta: &Var, gradient: &Tensor, slots: &[&Var]) -> Result<()> {
        let old: Vec<Tensor> = slots.iter().map(|slot| slot.as_detached_tensor()).collect();
        let (new, state) =
            self.formula.tensors(self.factors, &theta.as_detached_tensor(), &gradient.detach(), &old)?;
        theta.set(&new)?;
        slots.iter().zip(&state).try_for_each(|(slot, state)| slot.set(state))
    }

    /// The same on the CPU in one pass; whether all new values are finite.
    fn step_slices(&self, theta: &Var, gradient: &Tensor, slots: &[&Var]) -> Result<bool> {
        let mut finite = true;
        let vars: Vec<&Var> = std::iter::once(theta).chain(slots.iter().copied()).collect();
        with_slices::<f32, _>(&vars, &[&gradient.contiguous()?], |vars, inputs| {
            let ([theta, slots @ ..], [gradient]) = (vars, inputs) else { return Ok(()) };
            let mut slots = slots.iter_mut();
            let mut slot = || slots.next().map_or(&mut [][..], |slot| &mut **slot);
            let slots = [slot(), slot()];
            let (rule, isa) = (self.rule, Isa::detect());
            let [mut first, mut second] = slots;
            let mut pieces = Vec::with_capacity(theta.len().div_ceil(CHUNK));
            for (theta, gradient) in theta.chunks_mut(CHUNK).zip(gradient.chunks(CHUNK)) {
                let slots = [&mut first, &mut second]
                    .map(|slot| slot.split_off_mut(..theta.len()).unwrap_or_default());
                pieces.push((Trained { theta, slots }, gradient));
            }
            finite = watch(rule, |rule| {
                pieces.into_par_iter().for_each(|(trained, gradient)| values(isa, rule, trained, gradient));
            });
            Ok(())
        })?;
        Ok(finite)
    }
}

impl<F: Formula> Optimizer for Live<F> {
    fn step(
        &mut self,
        parameters: &[Var],
        gradients: &[Tensor],
        learning_rate: f64,
        step: u64,
    ) -> Result<bool> {
        self.begin(learning_rate, step);
        let (mut finite, mut changed) = (true, Vec::new());
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
                finite &= self.step_slices(theta, gradient, &slots)?;
            } else {
                self.step_tensors(theta, gradient, &slots)?;
                changed.extend(std::iter::once(theta).chain(slots));
            }
        }
        Ok(finite && all_finite(changed.into_iter().map(Var::as_tensor))?)
    }

    fn begin(&mut self, learning_rate: f64, step: u64) {
        self.factors = self.formula.factors(learning_rate, step);
        self.rule = self.formula.rule(self.factors);
    }

    fn update(&self, work: Work<'_>) -> bool {
        work.run(self.rule)
    }

    fn state(&self) -> Vec<(&'static str, &[Var])> {
        self.formula.kinds().iter().copied().zip(self.slots.iter().map(Vec::as_slice)).collect()
    }
}
