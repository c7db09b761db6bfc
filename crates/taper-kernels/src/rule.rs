//! The update of parameters by one step: an optimizer's formula on sixteen values at once, and the check
//! that the stored results are finite.
//!
//! A non-finite value must be noticed in the step that produced it. Checking values in the pass that stores
//! them costs two products for sixteen parameters, next to a square root and a division.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::simd::disjoint::Disjoint;
use crate::simd::lanes::{Lanes, array};

/// The maximum number of state values per parameter.
pub const MAX_STATE: usize = 2;

/// How one step changes a parameter: an optimizer's formula with the factors of the step.
///
/// No return value of a rule can make a kernel touch memory that it does not own: state that was not
/// provided is read from and written to the parameters themselves (see `Shared`).
pub trait Rule: Copy + Send + Sync {
    /// The number of state values per parameter, at most [`MAX_STATE`]; the same number on each call.
    fn state_count(self) -> usize;

    /// Returns the new parameter and the new state. State that the rule does not use is zero and is not
    /// stored.
    ///
    /// Mark it `#[inline(always)]` so that it is compiled into the kernels.
    fn apply<L: Lanes>(self, theta: L, gradient: L, state: [L; MAX_STATE]) -> (L, [L; MAX_STATE]);

    /// Per lane: non-finite whenever the new state is non-finite although the new parameter is finite. Mark
    /// it `#[inline(always)]` too. Rules override it to save an addition.
    #[inline(always)]
    fn state_probe<L: Lanes>(self, [first, second]: [L; MAX_STATE]) -> L {
        first + second
    }
}

/// Leaves the parameter unchanged and adds its gradient to the first state value: accumulates gradients for
/// a later update.
#[derive(Clone, Copy, Debug)]
pub struct Accumulate;

impl Rule for Accumulate {
    #[inline(always)]
    fn state_count(self) -> usize {
        1
    }

    #[inline(always)]
    fn apply<L: Lanes>(self, theta: L, gradient: L, [sum, none]: [L; MAX_STATE]) -> (L, [L; MAX_STATE]) {
        (theta, [sum + gradient, none])
    }

    #[inline(always)]
    fn state_probe<L: Lanes>(self, [sum, _]: [L; MAX_STATE]) -> L {
        sum
    }
}

/// Does `work` with `rule` and returns whether all new parameters and state are finite.
///
/// `false` may also come from lanes after the last parameter, which are checked but not stored; they are
/// non-finite only if an input of the computation is. `true` is certain.
#[must_use]
pub fn watch<R: Rule>(rule: R, work: impl FnOnce(Watched<'_, R>)) -> bool {
    let found = AtomicBool::new(false);
    work(Watched::new(rule, &found));
    !found.into_inner()
}

/// A rule whose results are checked; made by [`watch`].
#[derive(Clone, Copy)]
pub struct Watched<'a, R> {
    rule: R,
    /// Set by any thread and read once all have finished, so the order does not matter.
    found: &'a AtomicBool,
}

impl<'a, R: Rule> Watched<'a, R> {
    /// Wraps `rule`; a non-finite result sets `found`.
    pub(crate) fn new(rule: R, found: &'a AtomicBool) -> Self {
        Self { rule, found }
    }

    /// Updates sixteen parameters by one step. Folds the new parameters and state into `seen`, which starts
    /// at 0 and is passed to [`check`](Self::check) after several vectors.
    ///
    /// # Safety
    /// The parameters, and the state that the rule used when it was shared, must be valid for reads and
    /// writes; so must the pointers for unused state (see [`Shared`]).
    #[inline(always)]
    pub(crate) unsafe fn step<L: Lanes>(
        self,
        gradient: L,
        theta: *mut f32,
        pointers: [*mut f32; MAX_STATE],
        seen: L,
    ) -> L {
        // SAFETY: guaranteed by the caller.
        unsafe {
            let zero = gradient.splat_like(0.0);
            let used = self.rule.state_count();
            let state = array!([zero; MAX_STATE] i => if i < used { L::load(pointers[i]) } else { zero });
            let (new, state) = self.rule.apply(L::load(theta), gradient, state);
            new.store(theta);
            for i in 0..MAX_STATE {
                if i < used {
                    state[i].store(pointers[i]);
                }
            }
            self.observe(seen, new, state)
        }
    }

    /// The same for the first `count` parameters.
    ///
    /// # Safety
    /// As for [`step`](Self::step), for `count` values.
    #[inline(always)]
    pub(crate) unsafe fn step_first<L: Lanes>(
        self,
        gradient: L,
        theta: *mut f32,
        pointers: [*mut f32; MAX_STATE],
        count: usize,
        seen: L,
    ) -> L {
        // SAFETY: guaranteed by the caller.
        unsafe {
            let zero = gradient.splat_like(0.0);
            let used = self.rule.state_count();
            let state = array!([zero; MAX_STATE] i => if i < used { L::load_first(pointers[i], count) } else { zero });
            let (new, state) = self.rule.apply(L::load_first(theta, count), gradient, state);
            new.store_first(theta, count);
            for i in 0..MAX_STATE {
                if i < used {
                    state[i].store_first(pointers[i], count);
                }
            }
            self.observe(seen, new, state)
        }
    }

    #[inline(always)]
    fn observe<L: Lanes>(self, seen: L, theta: L, state: [L; MAX_STATE]) -> L {
        // 0 times a finite value is 0; 0 times any other value is NaN, which stays in every later sum.
        let zero = theta.splat_like(0.0);
        self.rule.state_probe(state).mul_add(zero, theta.mul_add(zero, seen))
    }

    /// Records whether `seen` contains a non-finite value. Called after several vectors: a branch for each
    /// of them would cost the backward pass of a small dense layer a tenth of its time.
    #[inline(always)]
    pub(crate) fn check<L: Lanes>(self, seen: L) {
        if L::any(seen.is_nan()) {
            self.found.store(true, Relaxed);
        }
    }
}

/// Parameters and their state; state that the rule does not use may be empty.
pub struct Trained<'a> {
    /// The parameters.
    pub theta: &'a mut [f32],
    /// Their state, one value for each parameter.
    pub state: [&'a mut [f32]; MAX_STATE],
}

/// Parameters and state that several threads update, each in its own range.
#[derive(Clone, Copy)]
pub(crate) struct Shared<'a> {
    theta: Disjoint<'a, f32>,
    state: [Disjoint<'a, f32>; MAX_STATE],
}

impl<'a> Shared<'a> {
    /// Shares `len` parameters. Pointers for unused state point to the parameters: a rule that later
    /// returns another number of state values computes nonsense, but in memory that it may write to.
    ///
    /// # Panics
    /// If the number of parameters is not `len`, or state that the rule uses has another length.
    pub fn new<R: Rule>(trained: Trained<'a>, len: usize, rule: Watched<'_, R>) -> Self {
        assert_eq!(trained.theta.len(), len, "parameters");
        let (theta, used) = (Disjoint::new(trained.theta), rule.rule.state_count());
        let mut state = [theta; MAX_STATE];
        for (place, values) in state.iter_mut().zip(trained.state).take(used) {
            assert_eq!(values.len(), len, "one state value for each parameter");
            *place = Disjoint::new(values);
        }
        Self { theta, state }
    }

    /// Pointers to parameter `index` and its state.
    ///
    /// # Panics
    /// If the index is out of range.
    pub fn at(&self, index: usize) -> (*mut f32, [*mut f32; MAX_STATE]) {
        (self.theta.at(index), self.state.map(|values| values.at(index)))
    }
}
