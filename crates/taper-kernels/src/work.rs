//! Work that ends with an update, for any rule: what an optimizer is handed.

use crate::fused::fully_connected::{self, chain};
use crate::rule::{Rule, SLOTS, Shared, Trained, Watched, watch};
use crate::simd::lanes::{Isa, Kernel, Lanes, WIDTH, run};
use crate::simd::team::Team;

/// Work that ends with an update.
#[expect(
    clippy::large_enum_variant,
    reason = "it is passed on once; a box would be an allocation in each step"
)]
pub enum Work<'a> {
    /// Plain values with their gradients.
    Values(&'a mut Team, Isa, Trained<'a>, &'a [f32]),
    /// The bias of a dense layer, updated while the gradient of its sums is computed.
    Delta(fully_connected::Delta<'a>),
    /// The weights of a dense layer, from the gradient of its sums.
    Backward(fully_connected::Backward<'a>),
    /// Weights and biases of several dense layers, from the gradients of their sums.
    Chain(chain::Update<'a>),
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
fn shared_values<R: Rule>(
    team: &mut Team,
    isa: Isa,
    rule: Watched<'_, R>,
    trained: Trained<'_>,
    gradient: &[f32],
) {
    assert_eq!(trained.theta.len(), gradient.len(), "one gradient for each parameter");
    assert!(isa.available(), "{isa:?}");
    let len = gradient.len();
    let shared = Shared::new(trained, len, rule);
    team.run(len.div_ceil(PART), |part, _| {
        let range = part * PART..len.min((part + 1) * PART);
        let (theta, slots) = shared.at(range.start);
        let gradient = &gradient[range];
        // SAFETY: the machine has the instructions, there are as many parameters and values of state,
        // and parts do not overlap.
        unsafe { run(isa, Values { rule, theta, slots, gradient }) }
    });
}

/// Changes plain values by one step.
///
/// # Panics
/// If the slices differ in length, but for slots that the rule does not use.
pub fn values<R: Rule>(isa: Isa, rule: Watched<'_, R>, trained: Trained<'_>, gradient: &[f32]) {
    assert_eq!(trained.theta.len(), gradient.len(), "one gradient for each parameter");
    assert!(isa.available(), "{isa:?}");
    let (theta, slots) = Shared::new(trained, gradient.len(), rule).at(0);
    // SAFETY: the machine has the instructions, and there are as many parameters and values of state.
    unsafe { run(isa, Values { rule, theta, slots, gradient }) }
}

/// As many parameters and values of state as gradients.
struct Values<'a, R> {
    rule: Watched<'a, R>,
    theta: *mut f32,
    slots: [*mut f32; SLOTS],
    gradient: &'a [f32],
}

impl<R: Rule> Kernel for Values<'_, R> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let len = self.gradient.len();
        let mut at = 0;
        // SAFETY: `at + WIDTH`, or `at + rest`, does not exceed the length that all of them have.
        unsafe {
            let mut seen = L::splat(0.0);
            while at + WIDTH <= len {
                let gradient = L::load(self.gradient.as_ptr().add(at));
                let slots = [self.slots[0].wrapping_add(at), self.slots[1].wrapping_add(at)];
                seen = self.rule.step(gradient, self.theta.add(at), slots, seen);
                at += WIDTH;
            }
            let rest = len - at;
            if rest > 0 {
                let gradient = L::load_first(self.gradient.as_ptr().add(at), rest);
                let slots = [self.slots[0].wrapping_add(at), self.slots[1].wrapping_add(at)];
                seen = self.rule.step_first(gradient, self.theta.add(at), slots, rest, seen);
            }
            self.rule.conclude(seen);
        }
    }
}

#[cfg(test)]
mod tests;
