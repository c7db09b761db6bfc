//! Parameters from gradients: an optimizer's formula on plain values, alone or behind the kernel that
//! computes the gradient.

use super::disjoint::Disjoint;
use super::fully_connected;
use super::lanes::{Isa, Kernel, Lanes, WIDTH, array, run};
use super::team::Team;

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
    /// Does the work.
    ///
    /// # Panics
    /// If slices do not have the sizes that belong together.
    pub fn run<R: Rule>(self, rule: R) {
        match self {
            Self::Values(team, isa, trained, gradient) => shared_values(team, isa, rule, trained, gradient),
            Self::Delta(work) => work.run(rule),
            Self::Backward(work) => work.run(rule),
            Self::Chain(work) => work.run(rule),
        }
    }
}

/// Values that one thread updates at a time.
const PART: usize = 4 * 1024;

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
            while at + WIDTH <= len {
                let gradient = L::load(self.gradient.as_ptr().add(at));
                step(
                    self.rule,
                    gradient,
                    self.theta.as_mut_ptr().add(at),
                    array!([slots[0]; SLOTS] i => slots[i].wrapping_add(at)),
                );
                at += WIDTH;
            }
            let rest = len - at;
            if rest > 0 {
                let gradient = L::load_first(self.gradient.as_ptr().add(at), rest);
                let theta = self.theta.as_mut_ptr().add(at);
                step_first(
                    self.rule,
                    gradient,
                    theta,
                    array!([slots[0]; SLOTS] i => slots[i].wrapping_add(at)),
                    rest,
                );
            }
        }
    }
}

/// Changes sixteen parameters by one step.
///
/// # Safety
/// The parameters, and the state that the rule uses, must be valid for reads and writes.
#[inline(always)]
pub(super) unsafe fn step<L: Lanes, R: Rule>(
    rule: R,
    gradient: L,
    theta: *mut f32,
    slots: [*mut f32; SLOTS],
) {
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
) {
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
    }
}

#[cfg(test)]
mod tests {
    use super::values as update;
    use super::*;

    const GUARD: f32 = -7.0;

    /// A rule of any number of slots: the first holds a sum of gradients, the second one of these sums.
    #[derive(Clone, Copy)]
    struct Sums(usize);

    impl Rule for Sums {
        #[inline(always)]
        fn slots(self) -> usize {
            self.0
        }

        #[inline(always)]
        fn apply<L: Lanes>(self, theta: L, gradient: L, [a, b]: [L; SLOTS]) -> (L, [L; SLOTS]) {
            let a = a * theta.splat_like(0.9) + gradient;
            let b = b * theta.splat_like(0.5) + a;
            (theta - (a + b) * theta.splat_like(0.1), [a, b])
        }
    }

    fn numbers(len: usize, step: f32) -> Vec<f32> {
        (0..len).map(|i| (i as f32 * step).sin()).collect()
    }

    /// Parameters and state between guards, and what they become by [`Sums`]; unused slots are empty.
    fn prepare(slots: usize, gradient: &[f32]) -> ([Vec<f32>; 1 + SLOTS], [Vec<f32>; 1 + SLOTS]) {
        let len = gradient.len();
        let guarded = |i: usize| {
            let values = if i <= slots { numbers(len, 0.3 + i as f32) } else { Vec::new() };
            [vec![GUARD], values, vec![GUARD]].concat()
        };
        let before: [Vec<f32>; 1 + SLOTS] = std::array::from_fn(guarded);
        let mut after = before.clone();
        for (i, gradient) in gradient.iter().enumerate() {
            let state = |slot: usize| if slot <= slots { before[slot][1 + i] } else { 0.0 };
            let a = state(1) * 0.9 + gradient;
            let b = state(2) * 0.5 + a;
            let new = [before[0][1 + i] - (a + b) * 0.1, a, b];
            for (values, new) in after.iter_mut().zip(new).take(1 + slots) {
                values[1 + i] = new;
            }
        }
        (before, after)
    }

    fn trained(guarded: &mut [Vec<f32>; 1 + SLOTS]) -> Trained<'_> {
        let [theta, first, second] = guarded.each_mut().map(|values| {
            let end = values.len() - 1;
            &mut values[1..end]
        });
        Trained { theta, slots: [first, second] }
    }

    #[test]
    fn any_number_of_parameters_is_updated_and_nothing_beside() {
        for (slots, len) in (0..=SLOTS).flat_map(|slots| (0..=40).map(move |len| (slots, len))) {
            let gradient = numbers(len, 1.7);
            for isa in Isa::all() {
                let (mut values, after) = prepare(slots, &gradient);
                update(isa, Sums(slots), trained(&mut values), &gradient);
                assert_eq!(values, after, "{isa:?}, {slots} slots, {len} parameters");
            }
        }
    }

    #[test]
    fn slots_that_the_rule_does_not_use_are_left_alone() {
        for isa in Isa::all() {
            let (mut theta, mut used, mut unused) = ([1.0; 21], [2.0; 21], [GUARD; 3]);
            let trained = Trained { theta: &mut theta, slots: [&mut used, &mut unused] };
            update(isa, Sums(1), trained, &[0.5; 21]);
            assert_eq!((used[20], unused), (2.0 * 0.9 + 0.5, [GUARD; 3]), "{isa:?}");
        }
    }

    #[test]
    fn a_team_gives_the_same_bits_as_one_thread() {
        for len in [0, 1, PART - 1, PART, PART + 1, 3 * PART + 21] {
            let gradient = numbers(len, 1.7);
            for (slots, isa) in (0..=SLOTS).flat_map(|slots| Isa::all().map(move |isa| (slots, isa))) {
                let (before, after) = prepare(slots, &gradient);
                for threads in 1..4 {
                    let (mut team, mut values) = (Team::new(threads), before.clone());
                    Work::Values(&mut team, isa, trained(&mut values), &gradient).run(Sums(slots));
                    assert!(values == after, "{isa:?}, {slots} slots, {len} parameters, {threads} threads");
                }
            }
        }
    }

    /// Updates three parameters, with a team.
    fn update_three(slot: usize, gradient: usize) {
        let (mut team, mut theta, mut slot) = (Team::new(2), [0.0; 3], vec![0.0; slot]);
        let trained = Trained { theta: &mut theta, slots: [&mut slot, &mut []] };
        Work::Values(&mut team, Isa::detect(), trained, &vec![0.0; gradient]).run(Sums(1));
    }

    #[test]
    #[should_panic(expected = "one gradient")]
    fn too_few_gradients_are_refused() {
        update_three(3, 2);
    }

    #[test]
    #[should_panic(expected = "one gradient")]
    fn too_many_gradients_are_refused() {
        update_three(3, 4);
    }

    #[test]
    #[should_panic(expected = "one state value")]
    fn state_that_is_missing_is_refused() {
        update_three(0, 3);
    }
}
