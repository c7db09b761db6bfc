//! Parameters from gradients: an optimizer's formula on plain values, alone or behind the kernel that
//! computes the gradient. What is stored is looked at on the way: a value that is not finite must be
//! noticed in the step that made it, and here it costs two products for sixteen parameters, beside a
//! root and a division.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::fused::fully_connected;
use crate::simd::disjoint::Disjoint;
use crate::simd::lanes::{Isa, Kernel, Lanes, WIDTH, array, run};
use crate::simd::team::Team;

/// The most state values that a rule keeps for each parameter.
pub const SLOTS: usize = 2;

/// How one step changes a parameter: an optimizer's formula with the step's factors.
pub trait Rule: Copy + Send + Sync {
    /// How many of the state values it uses: the same number each time, at most [`SLOTS`]. Kernels check
    /// their slices against it once.
    fn slots(self) -> usize;

    /// The new parameter and the new state. State that the rule does not use is zero and is not kept.
    ///
    /// To be marked `#[inline(always)]`, so that it becomes part of the kernels.
    fn apply<L: Lanes>(self, theta: L, gradient: L, state: [L; SLOTS]) -> (L, [L; SLOTS]);

    /// A number for each parameter that is not finite where one of its new state values is and the new
    /// parameter does not show it; to be marked `#[inline(always)]` too. Rules override it to spare an
    /// addition.
    #[inline(always)]
    fn hidden<L: Lanes>(self, [first, second]: [L; SLOTS]) -> L {
        first + second
    }

    /// Is shown each new parameter and its new state, and adds to what it has `seen`, which begins as 0;
    /// to be marked `#[inline(always)]` too.
    ///
    /// Lanes behind the last parameter are shown as well. They are finite unless a value that was
    /// computed with is not.
    #[inline(always)]
    fn see<L: Lanes>(self, seen: L, _theta: L, _state: [L; SLOTS]) -> L {
        seen
    }

    /// Is told what it has seen in some vectors: a branch for each of them would cost the backward pass
    /// of a small dense layer a tenth of its time. To be marked `#[inline(always)]` too.
    #[inline(always)]
    fn conclude<L: Lanes>(self, _seen: L) {}
}

/// Does `work` with `rule`, and says whether all new parameters and all new state are finite.
///
/// A `false` may come from lanes that are not stored (see [`Rule::see`]); `true` is certain.
#[must_use]
pub fn watch<R: Rule>(rule: R, work: impl FnOnce(Watched<'_, R>)) -> bool {
    let found = AtomicBool::new(false);
    work(Watched { rule, found: &found });
    !found.into_inner()
}

/// A rule that notices what is not finite, for [`watch`].
#[derive(Clone, Copy)]
pub struct Watched<'a, R> {
    rule: R,
    /// Set by any thread; read when all are done, so that the order does not matter.
    found: &'a AtomicBool,
}

impl<R: Rule> Rule for Watched<'_, R> {
    #[inline(always)]
    fn slots(self) -> usize {
        self.rule.slots()
    }

    #[inline(always)]
    fn apply<L: Lanes>(self, theta: L, gradient: L, state: [L; SLOTS]) -> (L, [L; SLOTS]) {
        self.rule.apply(theta, gradient, state)
    }

    #[inline(always)]
    fn hidden<L: Lanes>(self, state: [L; SLOTS]) -> L {
        self.rule.hidden(state)
    }

    #[inline(always)]
    fn see<L: Lanes>(self, seen: L, theta: L, state: [L; SLOTS]) -> L {
        // 0 times a finite value is 0, and 0 times any other is NaN, which no sum takes away.
        let zero = theta.splat_like(0.0);
        self.hidden(state).mul_add(zero, theta.mul_add(zero, seen))
    }

    #[inline(always)]
    fn conclude<L: Lanes>(self, seen: L) {
        if L::any(seen.is_nan()) {
            self.found.store(true, Relaxed);
        }
    }
}

/// Parameters and their state; slots that the rule does not use are empty.
pub struct Trained<'a> {
    /// The parameters.
    pub theta: &'a mut [f32],
    /// Their state, one value for each parameter.
    pub slots: [&'a mut [f32]; SLOTS],
}

/// Work that ends with an update.
#[expect(
    clippy::large_enum_variant,
    reason = "it is passed on once; a box would be an allocation in each step"
)]
pub enum Work<'a> {
    /// Plain values with their gradients.
    Values(&'a mut Team, Isa, Trained<'a>, &'a [f32]),
    /// The bias of a dense layer, with the gradient on its way to the weights.
    Delta(fully_connected::Delta<'a>),
    /// The weights of a dense layer, from the gradient of its sums.
    Backward(fully_connected::Backward<'a>),
    /// Weights and biases of several dense layers, from the gradients of their sums.
    Chain(fully_connected::chain::Update<'a>),
}

impl Work<'_> {
    /// Does the work, and says whether all new parameters and all new state are finite, as [`watch`]
    /// does.
    ///
    /// # Panics
    /// If slices do not have the sizes that belong together.
    #[must_use]
    pub fn run<R: Rule>(self, rule: R) -> bool {
        watch(rule, |rule| match self {
            Self::Values(team, isa, trained, gradient) => shared_values(team, isa, rule, trained, gradient),
            Self::Delta(work) => work.run(rule),
            Self::Backward(work) => work.run(rule),
            Self::Chain(work) => work.run(rule),
        })
    }
}

/// Values that one thread updates at a time.
const PART: usize = if cfg!(miri) { 64 } else { 4 * 1024 };

/// Changes plain values by one step, with a team.
fn shared_values<R: Rule>(team: &mut Team, isa: Isa, rule: R, trained: Trained<'_>, gradient: &[f32]) {
    let len = trained.theta.len();
    assert_eq!(len, gradient.len(), "one gradient for each parameter");
    let theta = Disjoint::new(trained.theta);
    let slots = trained.slots.map(Disjoint::new);
    team.run(len.div_ceil(PART), |part, _| {
        let range = part * PART..len.min((part + 1) * PART);
        let used = |len: usize| if len == 0 { 0..0 } else { range.clone() };
        // SAFETY: parts do not overlap; a slot that is not used is empty, and so are its parts.
        let trained = unsafe {
            Trained {
                theta: theta.part(range.clone()),
                slots: slots.each_ref().map(|slot| slot.part(used(slot.len()))),
            }
        };
        values(isa, rule, trained, &gradient[range]);
    });
}

/// Changes plain values by one step.
///
/// # Panics
/// If the slices differ in length, but for slots that the rule does not use.
pub fn values<R: Rule>(isa: Isa, rule: R, trained: Trained<'_>, gradient: &[f32]) {
    let Trained { theta, slots } = trained;
    assert_eq!(theta.len(), gradient.len(), "one gradient for each parameter");
    for slot in &slots[..rule.slots()] {
        assert_eq!(theta.len(), slot.len(), "one state value for each parameter");
    }
    assert!(isa.available(), "{isa:?}");
    // SAFETY: the machine has the instructions, and the slices have the same length.
    unsafe { run(isa, Values { rule, theta, slots, gradient }) }
}

struct Values<'a, R> {
    rule: R,
    theta: &'a mut [f32],
    slots: [&'a mut [f32]; SLOTS],
    gradient: &'a [f32],
}

impl<R: Rule> Kernel for Values<'_, R> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let len = self.theta.len();
        let slots = [self.slots[0].as_mut_ptr(), self.slots[1].as_mut_ptr()];
        let mut at = 0;
        // SAFETY: `at + WIDTH`, or `at + rest`, does not exceed the length that all slices have.
        unsafe {
            let mut seen = L::splat(0.0);
            while at + WIDTH <= len {
                let gradient = L::load(self.gradient.as_ptr().add(at));
                let theta = self.theta.as_mut_ptr().add(at);
                let slots = array!([slots[0]; SLOTS] i => slots[i].wrapping_add(at));
                seen = step(self.rule, gradient, theta, slots, seen);
                at += WIDTH;
            }
            let rest = len - at;
            if rest > 0 {
                let gradient = L::load_first(self.gradient.as_ptr().add(at), rest);
                let theta = self.theta.as_mut_ptr().add(at);
                let slots = array!([slots[0]; SLOTS] i => slots[i].wrapping_add(at));
                seen = step_first(self.rule, gradient, theta, slots, rest, seen);
            }
            self.rule.conclude(seen);
        }
    }
}

/// Changes sixteen parameters by one step, and returns what the rule has seen, to be concluded.
///
/// # Safety
/// The parameters, and the state that the rule uses, must be valid for reads and writes.
#[inline(always)]
pub(super) unsafe fn step<L: Lanes, R: Rule>(
    rule: R,
    gradient: L,
    theta: *mut f32,
    slots: [*mut f32; SLOTS],
    seen: L,
) -> L {
    // SAFETY: the caller's promise.
    unsafe {
        let zero = gradient.splat_like(0.0);
        let used = rule.slots();
        let state = array!([zero; SLOTS] i => if i < used { L::load(slots[i]) } else { zero });
        let (new, state) = rule.apply(L::load(theta), gradient, state);
        new.store(theta);
        for i in 0..SLOTS {
            if i < used {
                state[i].store(slots[i]);
            }
        }
        rule.see(seen, new, state)
    }
}

/// The same for the first `count` parameters.
///
/// # Safety
/// So many parameters, and state values that the rule uses, must be valid for reads and writes.
#[inline(always)]
pub(super) unsafe fn step_first<L: Lanes, R: Rule>(
    rule: R,
    gradient: L,
    theta: *mut f32,
    slots: [*mut f32; SLOTS],
    count: usize,
    seen: L,
) -> L {
    // SAFETY: the caller's promise.
    unsafe {
        let zero = gradient.splat_like(0.0);
        let used = rule.slots();
        let state = array!([zero; SLOTS] i => if i < used { L::load_first(slots[i], count) } else { zero });
        let (new, state) = rule.apply(L::load_first(theta, count), gradient, state);
        new.store_first(theta, count);
        for i in 0..SLOTS {
            if i < used {
                state[i].store_first(slots[i], count);
            }
        }
        rule.see(seen, new, state)
    }
}

#[cfg(test)]
mod tests;
