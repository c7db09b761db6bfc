//! Parts of slices shared among a team, for kernels without vector code of their own.

use crate::simd::disjoint::Disjoint;
use crate::simd::team::Team;

/// Calls `work` with the index of each of `parts` parts and that part of every slice: the first `len`
/// values of a slice belong to part 0, the next `len` to part 1. A part length of 0 gives empty parts.
///
/// # Panics
/// If a slice is too short.
pub fn for_each<T: Send, const N: usize>(
    team: &mut Team,
    parts: usize,
    slices: [(&mut [T], usize); N],
    work: impl Fn(usize, [&mut [T]; N]) + Sync,
) {
    for_each_by_thread(team, parts, slices, |part, _, own| work(part, own));
}

/// The same, with the index of the running thread after that of the part: it is below the number of threads, and no two
/// concurrent calls share one.
///
/// # Panics
/// If a slice is too short.
pub fn for_each_by_thread<T: Send, const N: usize>(
    team: &mut Team,
    parts: usize,
    slices: [(&mut [T], usize); N],
    work: impl Fn(usize, usize, [&mut [T]; N]) + Sync,
) {
    let slices = slices.map(|(slice, len)| (Disjoint::new(slice), len));
    for (slice, len) in &slices {
        let enough = parts.checked_mul(*len).is_some_and(|values| values <= slice.len());
        assert!(enough, "{parts} parts of {len} in {} values", slice.len());
    }
    team.run(parts, |part, thread| {
        // SAFETY: every part is visited once, and no two overlap: the check above shows that their bounds
        // do not overflow.
        let own = slices.each_ref().map(|(slice, len)| unsafe { slice.part(part * len..(part + 1) * len) });
        work(part, thread, own);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_gets_its_own_values_of_every_slice() {
        for threads in 1..4 {
            let mut team = Team::new(threads);
            let (mut a, mut b, mut none) = ([0; 13], [0; 4], [0; 2]);
            for_each(&mut team, 4, [(&mut a, 3), (&mut b, 1), (&mut none, 0)], |part, [a, b, none]| {
                assert!(a.len() == 3 && b.len() == 1 && none.is_empty());
                a.fill(part + 1);
                b.fill(part + 5);
            });
            assert_eq!(a, [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 0]);
            assert_eq!((b, none), ([5, 6, 7, 8], [0, 0]));
        }
    }

    #[test]
    #[should_panic(expected = "4 parts of 3 in 11 values")]
    fn a_slice_that_is_too_short_is_refused_before_work_starts() {
        for_each(&mut Team::new(2), 4, [(&mut [0; 11], 3)], |_, _| panic!("work"));
    }

    #[test]
    #[should_panic(expected = "values")]
    fn bounds_that_overflow_are_refused() {
        for_each(&mut Team::new(2), usize::MAX / 2, [(&mut [0; 4], 3)], |_, _| panic!("work"));
    }
}
