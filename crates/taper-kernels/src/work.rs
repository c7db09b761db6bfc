//! Computations that end with an update by any rule: the work passed to an optimizer.

use crate::fused::fully_connected::{self, chain};
use crate::rule::{MAX_STATE, Rule, Shared, Trained, Watched, watch};
use crate::simd::lanes::{Isa, Kernel, Lanes, WIDTH, run};
use crate::simd::team::Team;

/// A computation that ends with an update.
#[expect(clippy::large_enum_variant, reason = "it is moved once; boxing would allocate in each step")]
pub enum Work<'a> {
    /// Plain values and their gradients.
    Values(&'a mut Team, Isa, Trained<'a>, &'a [f32]),
    /// The bias of a dense layer, updated while the gradient of the pre-activations is computed.
    Delta(fully_connected::Delta<'a>),
    /// The weights of a dense layer, from the gradient of its pre-activations.
    Backward(fully_connected::Backward<'a>),
    /// Weights and biases of several dense layers, from the gradients of their pre-activations.
    Chain(chain::Update<'a>),
}

impl Work<'_> {
    /// Runs the computation and returns whether all new parameters and state are finite, as [`watch`] does.
    ///
    /// # Panics
    /// If the lengths of the slices do not match.
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

/// The number of values that one thread updates at a time.
const PART: usize = if cfg!(miri) { 64 } else { 4 * 1024 };

/// Updates plain values by one step, with a team.
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
        let (theta, state) = shared.at(range.start);
        let gradient = &gradient[range];
        // SAFETY: the machine has the instructions, parameters and state have the gradient's length, and
        // parts do not overlap.
        unsafe { run(isa, Values { rule, theta, state, gradient }) }
    });
}

/// Updates plain values by one step.
///
/// # Panics
/// If the slices differ in length, except for unused state.
pub fn values<R: Rule>(isa: Isa, rule: Watched<'_, R>, trained: Trained<'_>, gradient: &[f32]) {
    assert_eq!(trained.theta.len(), gradient.len(), "one gradient for each parameter");
    assert!(isa.available(), "{isa:?}");
    let (theta, state) = Shared::new(trained, gradient.len(), rule).at(0);
    // SAFETY: the machine has the instructions; parameters and state have the gradient's length.
    unsafe { run(isa, Values { rule, theta, state, gradient }) }
}

/// Parameters and state, as many as gradients.
struct Values<'a, R> {
    rule: Watched<'a, R>,
    theta: *mut f32,
    state: [*mut f32; MAX_STATE],
    gradient: &'a [f32],
}

impl<R: Rule> Kernel for Values<'_, R> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let len = self.gradient.len();
        let mut at = 0;
        // SAFETY: `at + WIDTH`, or `at + rest`, does not exceed the common length.
        unsafe {
            let mut seen = L::splat(0.0);
            while at + WIDTH <= len {
                let gradient = L::load(self.gradient.as_ptr().add(at));
                let state = [self.state[0].wrapping_add(at), self.state[1].wrapping_add(at)];
                seen = self.rule.step(gradient, self.theta.add(at), state, seen);
                at += WIDTH;
            }
            let rest = len - at;
            if rest > 0 {
                let gradient = L::load_first(self.gradient.as_ptr().add(at), rest);
                let state = [self.state[0].wrapping_add(at), self.state[1].wrapping_add(at)];
                seen = self.rule.step_first(gradient, self.theta.add(at), state, rest, seen);
            }
            self.rule.check(seen);
        }
    }
}

#[cfg(test)]
mod tests;
