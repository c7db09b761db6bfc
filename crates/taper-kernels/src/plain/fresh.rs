//! New vectors whose values are written once instead of being zeroed first.

use std::mem::MaybeUninit;

use rayon::prelude::*;

use super::Real;

/// A vector of `len` values, written in parallel in parts of `part` values (the last may be shorter).
///
/// `write` takes the thread's `state`, the index of the part and the part's memory, and returns the same
/// memory, initialized.
///
/// # Panics
/// If `part` is 0, or `write` returns different memory.
pub fn parts<T: Real, S>(
    len: usize,
    part: usize,
    state: impl Fn() -> S + Send + Sync,
    write: impl for<'a> Fn(&mut S, usize, &'a mut [MaybeUninit<T>]) -> &'a mut [T] + Send + Sync,
) -> Vec<T> {
    let mut values = Vec::with_capacity(len);
    let slots = &mut values.spare_capacity_mut()[..len];
    slots.par_chunks_mut(part).enumerate().for_each_init(state, |state, (index, slots)| {
        let (start, len) = (slots.as_ptr().cast::<T>(), slots.len());
        let written = write(state, index, slots);
        assert!(written.as_ptr() == start && written.len() == len, "the part's own memory must be returned");
    });
    // SAFETY: each of the `len` values lies in one part, and for each part there was a `&mut [T]` of
    // exactly its memory, which can only be made of initialized values.
    unsafe { values.set_len(len) };
    values
}

/// Writes `values` to all of `slots`.
///
/// # Panics
/// If there are fewer values than slots.
pub fn write<T: Copy>(slots: &mut [MaybeUninit<T>], values: impl IntoIterator<Item = T>) -> &mut [T] {
    let mut written = 0;
    for (slot, value) in slots.iter_mut().zip(values) {
        slot.write(value);
        written += 1;
    }
    assert_eq!(written, slots.len(), "there are too few values");
    // SAFETY: all slots were written, one after the other.
    unsafe { slots.assume_init_mut() }
}

/// Writes each of `values` to `size` slots, one plane after the other.
///
/// # Panics
/// If the planes do not fill all slots exactly.
pub fn write_planes<'a, T: Copy>(slots: &'a mut [MaybeUninit<T>], size: usize, values: &[T]) -> &'a mut [T] {
    assert_eq!(slots.len(), size * values.len(), "the planes do not fit");
    for (plane, &value) in slots.chunks_exact_mut(size).zip(values) {
        plane.fill(MaybeUninit::new(value));
    }
    // SAFETY: there are as many planes as values, and each was filled.
    unsafe { slots.assume_init_mut() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_written() {
        for (len, part) in [(0, 3), (1, 3), (7, 3), (9, 3), (10_000, 7)] {
            let values: Vec<f64> = parts(
                len,
                part,
                || (),
                |(), index, slots| write(slots, (index * part..).map(|value| value as f64)),
            );
            assert_eq!(values, (0..len).map(|value| value as f64).collect::<Vec<_>>());
        }
        let planes: Vec<f32> = parts(6, 6, || (), |(), _, slots| write_planes(slots, 2, &[1.0, 2.0, 3.0]));
        assert_eq!(planes, [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
    }

    #[test]
    #[should_panic(expected = "too few values")]
    fn a_part_cannot_stay_unwritten() {
        let _: Vec<f32> = parts(4, 2, || (), |(), _, slots| write(slots, [1.0]));
    }

    #[test]
    #[should_panic(expected = "own memory")]
    fn a_part_cannot_be_replaced_by_other_memory() {
        let _: Vec<f32> = parts(4, 2, || (), |(), _, _| Box::leak(Box::new([1.0, 2.0])));
    }

    #[test]
    #[should_panic(expected = "do not fit")]
    fn planes_cannot_stay_unwritten() {
        let _: Vec<f32> = parts(4, 4, || (), |(), _, slots| write_planes(slots, 2, &[1.0]));
    }
}
