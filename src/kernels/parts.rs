//! Work on parts of slices, shared by a team, for kernels that need no vectors of their own.

use super::disjoint::Disjoint;
use super::team::Team;

/// Calls `work` with the number of each of `parts` parts and that part of every slice: the first
/// `len` values of a slice belong to part 0, the next `len` to part 1. A slice with parts of 0 values
/// gives empty ones.
///
/// # Panics
/// If a slice is too short.
pub fn for_each<T: Send, const N: usize>(
    team: &mut Team,
    parts: usize,
    slices: [(&mut [T], usize); N],
    work: impl Fn(usize, [&mut [T]; N]) + Sync,
) {
    let slices = slices.map(|(slice, len)| (Disjoint::new(slice), len));
    team.run(parts, |part, _| {
        // SAFETY: every part is done once, and no two overlap.
        let own = slices.each_ref().map(|(slice, len)| unsafe { slice.part(part * len..(part + 1) * len) });
        work(part, own);
    });
}
