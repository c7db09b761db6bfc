//! Optimizers with their state, for any formula.

use candle_core::{DType, Result, Tensor, Var};
use rayon::prelude::*;

use super::Adjustment;
use crate::ops::all_finite;
use crate::ops::slices::with_slices;
use taper_kernels::rule::{Rule, Trained, watch};
use taper_kernels::simd::lanes::Isa;
use taper_kernels::work::{Work, values};

/// A live optimizer, with one state tensor of each kind (if any) per parameter.
pub trait Optimizer: Send {
    /// Updates `parameters` by one step and returns whether all parameters and state are finite.
    /// `gradients[i]` belongs to `parameters[i]`; `step` counts from 1, for bias correction.
    ///
    /// # Errors
    /// If candle returns an error.
    fn step(
        &mut self,
        parameters: &[Var],
        gradients: &[Tensor],
        learning_rate: f64,
        step: u64,
    ) -> Result<bool>;

    /// Starts a step: computes its factors, for all calls of [`update`](Self::update) until the next step.
    /// `step` counts from 1.
    fn begin(&mut self, learning_rate: f64, step: u64);

    /// Runs work of the CPU kernels that ends with the update of the current step, and returns whether all
    /// new values are finite, as [`Work::run`] does. The work contains the state: slices of the variables
    /// of [`state`](Self::state). It updates the parameter with this number as it is [adjusted](Self::adjust), or,
    /// without a number, several that are not.
    #[must_use]
    fn update(&self, parameter: Option<usize>, work: Work<'_>) -> bool;

    /// Sets how the updates of each parameter differ from now on; an empty list means that none does.
    fn adjust(&mut self, adjustments: &[Adjustment]);

    /// The state by kind (such as `first_moment`), with one variable of each kind per parameter.
    fn state(&self) -> Vec<(&'static str, &[Var])>;
}

/// The number of values that one thread updates at a time. It is fixed, so results do not depend on the
/// threads.
pub(super) const CHUNK: usize = 16 * 1024;

/// The formula of an optimizer, written twice.
pub(super) trait Formula: Clone + Send + Sync + 'static {
    /// The factors of one step, computed once in f64.
    type Factors: Copy + Send + Sync;

    /// The formula with one step's factors in f32.
    type Rule: Rule;

    /// The kinds of state, at most [`MAX_STATE`](taper_kernels::rule::MAX_STATE) of them.
    fn kinds(&self) -> &'static [&'static str];

    /// The value with which all state starts.
    fn initial(&self) -> f64 {
        0.0
    }

    /// The factors of step `step`, counted from 1. They depend on nothing else that changes: a formula may
    /// keep intermediate results for the next step, but not their effect on the bits.
    fn factors(&mut self, learning_rate: f64, step: u64) -> Self::Factors;

    /// Multiplies the weight decay, if there is any.
    fn scale_weight_decay(&mut self, _factor: f64) {}

    /// The reference formula: returns the new parameter and the new state.
    fn tensors(
        &self,
        factors: Self::Factors,
        theta: &Tensor,
        gradient: &Tensor,
        state: &[Tensor],
    ) -> Result<(Tensor, Vec<Tensor>)>;

    /// The same formula for the kernels.
    fn rule(&self, factors: Self::Factors) -> Self::Rule;
}

/// A formula with its state.
pub(super) struct Live<F: Formula> {
    /// The formula as it is configured, which also updates parameters without an adjustment.
    pub(super) own: Adjusted<F>,
    /// The other formulas.
    adjusted: Vec<Adjusted<F>>,
    /// For each parameter, if any is adjusted, which of them updates it: 0 for its own, then the others; `None` if none does.
    choice: Vec<Option<usize>>,
    state: Vec<Vec<Var>>, // in the order of `Formula::kinds`, then of the parameters
}

/// A formula for parameters with the same adjustment.
pub(super) struct Adjusted<F: Formula> {
    adjustment: Adjustment,
    formula: F,
    /// The factors of the current step; before the first one, of a step of size 0.
    factors: F::Factors,
    rule: F::Rule,
}

impl<F: Formula> Adjusted<F> {
    fn new(mut formula: F, adjustment: Adjustment) -> Self {
        formula.scale_weight_decay(adjustment.weight_decay);
        let factors = formula.factors(0.0, 1);
        Self { factors, rule: formula.rule(factors), formula, adjustment }
    }

    fn begin(&mut self, learning_rate: f64, step: u64) {
        let Adjustment { learning_rate: factor, skipped, .. } = self.adjustment;
        self.factors = self.formula.factors(learning_rate * factor, step.saturating_sub(skipped).max(1));
        self.rule = self.formula.rule(self.factors);
    }
}

impl<F: Formula> Live<F> {
    pub(super) fn new(formula: F, state: Vec<Vec<Var>>) -> Self {
        let own = Adjusted::new(formula, Adjustment::default());
        Self { own, adjusted: Vec::new(), choice: Vec::new(), state }
    }

    /// What updates a parameter, if anything does.
    fn of(&self, parameter: Option<usize>) -> Option<&Adjusted<F>> {
        match parameter.and_then(|parameter| self.choice.get(parameter)) {
            None => Some(&self.own),
            Some(None) => None,
            Some(Some(place)) => Some(place.checked_sub(1).map_or(&self.own, |other| &self.adjusted[other])),
        }
    }

    pub(super) fn boxed(formula: F, parameters: &[Var]) -> Result<Box<dyn Optimizer>> {
        let initial = |parameter: &Var| {
            // Zeros take no memory until they are written to.
            let zeros = parameter.zeros_like()?;
            let value = formula.initial();
            Var::from_tensor(&if value == 0.0 { zeros } else { (zeros + value)? })
        };
        let kind = |_| parameters.iter().map(initial).collect();
        let state = formula.kinds().iter().map(kind).collect::<Result<_>>()?;
        Ok(Box::new(Self::new(formula, state)))
    }
}

impl<F: Formula> Adjusted<F> {
    pub(super) fn step_tensors(&self, theta: &Var, gradient: &Tensor, state: &[&Var]) -> Result<()> {
        let old: Vec<Tensor> = state.iter().map(|values| values.as_detached_tensor()).collect();
        let (new, new_state) =
            self.formula.tensors(self.factors, &theta.as_detached_tensor(), &gradient.detach(), &old)?;
        theta.set(&new)?;
        state.iter().zip(&new_state).try_for_each(|(values, new)| values.set(new))
    }

    /// The same on the CPU in one pass; returns whether all new values are finite.
    fn step_slices(&self, theta: &Var, gradient: &Tensor, state: &[&Var]) -> Result<bool> {
        let mut finite = true;
        let vars: Vec<&Var> = std::iter::once(theta).chain(state.iter().copied()).collect();
        with_slices::<f32, _>(&vars, &[&gradient.contiguous()?], |vars, inputs| {
            let ([theta, state @ ..], [gradient]) = (vars, inputs) else { return Ok(()) };
            let mut state = state.iter_mut();
            let mut next = || state.next().map_or(&mut [][..], |values| &mut **values);
            let (mut first, mut second) = (next(), next());
            let (rule, isa) = (self.rule, Isa::detect());
            let mut chunks = Vec::with_capacity(theta.len().div_ceil(CHUNK));
            for (theta, gradient) in theta.chunks_mut(CHUNK).zip(gradient.chunks(CHUNK)) {
                let state = [&mut first, &mut second]
                    .map(|values| values.split_off_mut(..theta.len()).unwrap_or_default());
                chunks.push((Trained { theta, state }, gradient));
            }
            finite = watch(rule, |rule| {
                chunks.into_par_iter().for_each(|(trained, gradient)| values(isa, rule, trained, gradient));
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
            let Some(own) = self.of(Some(i)) else { continue };
            let state: Vec<&Var> = self.state.iter().filter_map(|kind| kind.get(i)).collect();
            if theta.device().is_cpu() && theta.dtype() == DType::F32 {
                finite &= own.step_slices(theta, gradient, &state)?;
            } else {
                own.step_tensors(theta, gradient, &state)?;
                changed.extend(std::iter::once(theta).chain(state));
            }
        }
        Ok(finite && all_finite(changed.into_iter().map(Var::as_tensor))?)
    }

    fn begin(&mut self, learning_rate: f64, step: u64) {
        self.own.begin(learning_rate, step);
        self.adjusted.iter_mut().for_each(|other| other.begin(learning_rate, step));
    }

    fn update(&self, parameter: Option<usize>, work: Work<'_>) -> bool {
        self.of(parameter).is_none_or(|own| work.run(own.rule))
    }

    fn adjust(&mut self, adjustments: &[Adjustment]) {
        self.adjusted.clear();
        let mut choose = |adjustment: &Adjustment| {
            let own = [&self.own.adjustment].into_iter();
            let place = own
                .chain(self.adjusted.iter().map(|other| &other.adjustment))
                .position(|other| other == adjustment);
            let place = place.unwrap_or_else(|| {
                self.adjusted.push(Adjusted::new(self.own.formula.clone(), *adjustment));
                self.adjusted.len()
            });
            adjustment.updated.then_some(place)
        };
        self.choice = adjustments.iter().map(&mut choose).collect();
    }

    fn state(&self) -> Vec<(&'static str, &[Var])> {
        self.own.formula.kinds().iter().copied().zip(self.state.iter().map(Vec::as_slice)).collect()
    }
}
