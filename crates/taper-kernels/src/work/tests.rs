//! Updates of plain values by any rule, and detection of non-finite values.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::*;

/// Updates plain values on this thread.
fn update<R: Rule>(isa: Isa, rule: R, trained: Trained<'_>, gradient: &[f32]) -> bool {
    watch(rule, |rule| values(isa, rule, trained, gradient))
}

const GUARD: f32 = -7.0;

/// A rule with any number of state values: the first is a decaying sum of gradients, the second one of
/// these sums.
#[derive(Clone, Copy)]
struct Sums(usize);

impl Rule for Sums {
    #[inline(always)]
    fn state_count(self) -> usize {
        self.0
    }

    #[inline(always)]
    fn apply<L: Lanes>(self, theta: L, gradient: L, [a, b]: [L; MAX_STATE]) -> (L, [L; MAX_STATE]) {
        let a = a * theta.splat_like(0.9) + gradient;
        let b = b * theta.splat_like(0.5) + a;
        (theta - (a + b) * theta.splat_like(0.1), [a, b])
    }
}

fn numbers(len: usize, step: f32) -> Vec<f32> {
    (0..len).map(|i| libm::sinf(i as f32 * step)).collect()
}

/// Parameters and state between guard values, and the result of [`Sums`]; unused state is empty.
fn prepare(kinds: usize, gradient: &[f32]) -> ([Vec<f32>; 1 + MAX_STATE], [Vec<f32>; 1 + MAX_STATE]) {
    let len = gradient.len();
    let guarded = |i: usize| {
        let values = if i <= kinds { numbers(len, 0.3 + i as f32) } else { Vec::new() };
        [vec![GUARD], values, vec![GUARD]].concat()
    };
    let before: [Vec<f32>; 1 + MAX_STATE] = std::array::from_fn(guarded);
    let mut after = before.clone();
    for (i, gradient) in gradient.iter().enumerate() {
        let state = |kind: usize| if kind <= kinds { before[kind][1 + i] } else { 0.0 };
        let a = state(1) * 0.9 + gradient;
        let b = state(2) * 0.5 + a;
        let new = [before[0][1 + i] - (a + b) * 0.1, a, b];
        for (values, new) in after.iter_mut().zip(new).take(1 + kinds) {
            values[1 + i] = new;
        }
    }
    (before, after)
}

fn trained(guarded: &mut [Vec<f32>; 1 + MAX_STATE]) -> Trained<'_> {
    let [theta, first, second] = guarded.each_mut().map(|values| {
        let end = values.len() - 1;
        &mut values[1..end]
    });
    Trained { theta, state: [first, second] }
}

#[test]
fn any_number_of_parameters_is_updated_and_nothing_around_them() {
    for (kinds, len) in (0..=MAX_STATE).flat_map(|kinds| (0..=40).map(move |len| (kinds, len))) {
        let gradient = numbers(len, 1.7);
        for isa in Isa::all() {
            let (mut values, after) = prepare(kinds, &gradient);
            assert!(update(isa, Sums(kinds), trained(&mut values), &gradient));
            assert_eq!(values, after, "{isa:?}, {kinds} kinds of state, {len} parameters");
        }
    }
}

#[test]
fn unused_state_is_left_alone() {
    for isa in Isa::all() {
        let (mut theta, mut used, mut unused) = ([1.0; 21], [2.0; 21], [GUARD; 3]);
        let trained = Trained { theta: &mut theta, state: [&mut used, &mut unused] };
        assert!(update(isa, Sums(1), trained, &[0.5; 21]));
        assert_eq!((used[20], unused), (2.0 * 0.9 + 0.5, [GUARD; 3]), "{isa:?}");
    }
}

#[test]
fn a_team_gives_the_same_bits_as_one_thread() {
    for len in [0, 1, PART - 1, PART, PART + 1, 3 * PART + 21] {
        let gradient = numbers(len, 1.7);
        for (kinds, isa) in (0..=MAX_STATE).flat_map(|kinds| Isa::all().map(move |isa| (kinds, isa))) {
            let (before, after) = prepare(kinds, &gradient);
            for threads in 1..4 {
                let (mut team, mut values) = (Team::new(threads), before.clone());
                let finite = Work::Values(&mut team, isa, trained(&mut values), &gradient).run(Sums(kinds));
                assert!(finite, "{isa:?}, {kinds} kinds of state, {len} parameters, {threads} threads");
                assert!(
                    values == after,
                    "{isa:?}, {kinds} kinds of state, {len} parameters, {threads} threads"
                );
            }
        }
    }
}

#[test]
fn a_non_finite_value_is_noticed_wherever_it_is() {
    let len = PART + 21;
    let gradient = numbers(len, 1.7);
    for isa in Isa::all() {
        let (values, _) = prepare(MAX_STATE, &gradient);
        for at in [0, 15, 16, PART - 1, PART, len - 1] {
            for (which, bad) in
                (0..=MAX_STATE).flat_map(|which| [f32::NAN, f32::INFINITY].map(|bad| (which, bad)))
            {
                for threads in 1..3 {
                    let (mut team, mut values) = (Team::new(threads), values.clone());
                    values[which][1 + at] = bad;
                    let work = Work::Values(&mut team, isa, trained(&mut values), &gradient);
                    assert!(!work.run(Sums(MAX_STATE)), "{isa:?}: {bad} in {which} at {at}");
                }
            }
        }
        let mut values = values;
        values[1].iter_mut().for_each(|value| *value = 1e30);
        let work = Work::Values(&mut Team::new(1), isa, trained(&mut values), &gradient);
        assert!(work.run(Sums(MAX_STATE)), "{isa:?}: large is not infinite");
    }
}

#[test]
fn unused_state_is_not_checked() {
    let (mut theta, mut unused) = ([1.0; 21], [f32::NAN; 21]);
    for isa in Isa::all() {
        let trained = Trained { theta: &mut theta, state: [&mut [], &mut unused] };
        assert!(Work::Values(&mut Team::new(1), isa, trained, &[0.5; 21]).run(Sums(0)), "{isa:?}");
    }
}

/// A rule that reports no state on the first call, and all of it from then on.
#[derive(Clone, Copy)]
struct Liar<'a>(&'a AtomicUsize);

impl Rule for Liar<'_> {
    fn state_count(self) -> usize {
        if self.0.fetch_add(1, Relaxed) == 0 { 0 } else { MAX_STATE }
    }

    #[inline(always)]
    fn apply<L: Lanes>(self, theta: L, gradient: L, [a, b]: [L; MAX_STATE]) -> (L, [L; MAX_STATE]) {
        (theta + gradient, [a + gradient, b + gradient])
    }
}

#[test]
fn a_rule_that_uses_missing_state_changes_only_its_parameters() {
    for isa in Isa::all() {
        let mut memory = [GUARD; 3 + 37 + 3];
        let trained = Trained { theta: &mut memory[3..40], state: [&mut [], &mut []] };
        let asked = AtomicUsize::new(0);
        assert!(update(isa, Liar(&asked), trained, &[1.0; 37]));
        assert!(asked.into_inner() > 1, "it was called again");
        assert_eq!((&memory[..3], &memory[40..]), (&[GUARD; 3][..], &[GUARD; 3][..]), "{isa:?}");
    }
}

/// Updates three parameters, with a team.
fn update_three(values: usize, gradient: usize) {
    let (mut team, mut theta, mut state) = (Team::new(2), [0.0; 3], vec![0.0; values]);
    let trained = Trained { theta: &mut theta, state: [&mut state, &mut []] };
    assert!(Work::Values(&mut team, Isa::detect(), trained, &vec![0.0; gradient]).run(Sums(1)));
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
fn missing_state_is_refused() {
    update_three(0, 3);
}
