//! How one step changes a parameter: an optimizer's formula on sixteen values at once, and the check
//! that what it stores is finite.
//!
//! A value that is not finite must be noticed in the step that made it. Looking at what is stored, in
//! the pass that stores it, costs two products for sixteen parameters, next to a root and a division.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::simd::disjoint::Disjoint;
use crate::simd::lanes::{Lanes, array};

/// The most state values that a rule keeps for each parameter.
pub const SLOTS: usize = 2;

/// How one step changes a parameter: an optimizer's formula with the step's factors.
///
/// Nothing that a rule answers can make kernels touch memory that is not theirs: state that is not
/// there is read and written in the parameters' own place (see `Shared`).
pub trait Rule: Copy + Send + Sync {
    /// How many of the state values it uses, at most [`SLOTS`]: the same number each time.
    fn slots(self) -> usize;

    /// The new parameter and the new state. State that the rule does not use is zero and is not kept.
    ///
    /// To be marked `#[inline(always)]`, so that it becomes part of the kernels.
    fn apply<L: Lanes>(self, theta: L, gradient: L, state: [L; SLOTS]) -> (L, [L; SLOTS]);

    /// Per lane: non-finite whenever the new state is non-finite although the new parameter is finite.
    /// To be marked `#[inline(always)]` too. Rules override it to save an addition.
    #[inline(always)]
    fn hidden<L: Lanes>(self, [first, second]: [L; SLOTS]) -> L {
        first + second
    }
}

/// Leaves the parameter as it is and adds its gradient to the first state value: the rule by which a
/// gradient is kept, for an update that comes later.
#[derive(Clone, Copy, Debug)]
pub struct Accumulate;

impl Rule for Accumulate {
    #[inline(always)]
    fn slots(self) -> usize {
        1
    }

    #[inline(always)]
    fn apply<L: Lanes>(self, theta: L, gradient: L, [sum, none]: [L; SLOTS]) -> (L, [L; SLOTS]) {
        (theta, [sum + gradient, none])
    }

    #[inline(always)]
    fn hidden<L: Lanes>(self, [sum, _]: [L; SLOTS]) -> L {
        sum
    }
}

/// Does `work` with `rule`, and says whether all new parameters and all new state are finite.
///
/// A `false` may come from lanes behind the last parameter, which are looked at but not stored: they
/// are finite unless a value that went into the computation is not. `true` is certain.
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
    /// Set by any thread; read when all are done, so that the order does not matter.
    found: &'a AtomicBool,
}

impl<'a, R: Rule> Watched<'a, R> {
    /// `rule`, which sets `found` where a result is not finite.
    pub(crate) fn new(rule: R, found: &'a AtomicBool) -> Self {
        Self { rule, found }
    }

    /// Changes sixteen parameters by one step. Folds the new parameters and state into `seen`, which
    /// starts at 0 and is handed to [`conclude`](Self::conclude) after some vectors.
    ///
    /// # Safety
    /// The parameters, and those slots that the rule used when they were shared, must be valid for
    /// reads and writes; so must the places of the other slots (see [`Shared`]).
    #[inline(always)]
    pub(crate) unsafe fn step<L: Lanes>(
        self,
        gradient: L,
        theta: *mut f32,
        slots: [*mut f32; SLOTS],
        seen: L,
    ) -> L {
        // SAFETY: the caller's promise.
        unsafe {
            let zero = gradient.splat_like(0.0);
            let used = self.rule.slots();
            let state = array!([zero; SLOTS] i => if i < used { L::load(slots[i]) } else { zero });
            let (new, state) = self.rule.apply(L::load(theta), gradient, state);
            new.store(theta);
            for i in 0..SLOTS {
                if i < used {
                    state[i].store(slots[i]);
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
        slots: [*mut f32; SLOTS],
        count: usize,
        seen: L,
    ) -> L {
        // SAFETY: the caller's promise.
        unsafe {
            let zero = gradient.splat_like(0.0);
            let used = self.rule.slots();
            let state =
                array!([zero; SLOTS] i => if i < used { L::load_first(slots[i], count) } else { zero });
            let (new, state) = self.rule.apply(L::load_first(theta, count), gradient, state);
            new.store_first(theta, count);
            for i in 0..SLOTS {
                if i < used {
                    state[i].store_first(slots[i], count);
                }
            }
            self.observe(seen, new, state)
        }
    }

    #[inline(always)]
    fn observe<L: Lanes>(self, seen: L, theta: L, state: [L; SLOTS]) -> L {
        // 0 times a finite value is 0, and 0 times any other is NaN, which no sum takes away.
        let zero = theta.splat_like(0.0);
        self.rule.hidden(state).mul_add(zero, theta.mul_add(zero, seen))
    }

    /// Notes whether something in `seen` was not finite. Called after some vectors: a branch for each
    /// of them would cost the backward pass of a small dense layer a tenth of its time.
    #[inline(always)]
    pub(crate) fn conclude<L: Lanes>(self, seen: L) {
        if L::any(seen.is_nan()) {
            self.found.store(true, Relaxed);
        }
    }
}

/// Parameters and their state; slots that the rule does not use may be empty.
pub struct Trained<'a> {
    /// The parameters.
    pub theta: &'a mut [f32],
    /// Their state, one value for each parameter.
    pub slots: [&'a mut [f32]; SLOTS],
}

/// Parameters and state that several threads update, each its own range of them.
#[derive(Clone, Copy)]
pub(crate) struct Shared<'a> {
    theta: Disjoint<'a, f32>,
    slots: [Disjoint<'a, f32>; SLOTS],
}

impl<'a> Shared<'a> {
    /// Shares `len` parameters. The place of a slot that the rule does not use is the parameters' own:
    /// a rule that answers otherwise later computes nonsense, but in memory that it may write to.
    ///
    /// # Panics
    /// If there are not `len` parameters, or not as many values of a kind of state that the rule uses.
    pub fn new<R: Rule>(trained: Trained<'a>, len: usize, rule: Watched<'_, R>) -> Self {
        assert_eq!(trained.theta.len(), len, "parameters");
        let (theta, used) = (Disjoint::new(trained.theta), rule.rule.slots());
        let mut slots = [theta; SLOTS];
        for (place, slot) in slots.iter_mut().zip(trained.slots).take(used) {
            assert_eq!(slot.len(), len, "one state value for each parameter");
            *place = Disjoint::new(slot);
        }
        Self { theta, slots }
    }

    /// Where parameter `index` and its state are.
    ///
    /// # Panics
    /// If the index is behind the end.
    pub fn at(&self, index: usize) -> (*mut f32, [*mut f32; SLOTS]) {
        (self.theta.at(index), self.slots.map(|slot| slot.at(index)))
    }
}
