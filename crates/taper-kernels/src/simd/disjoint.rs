//! Memory that several threads write at once, each in its own part.

use std::marker::PhantomData;

/// A slice whose parts are written by several threads.
#[derive(Clone, Copy)]
pub struct Disjoint<'a, T> {
    start: *mut T,
    len: usize,
    slice: PhantomData<&'a mut [T]>,
}

// SAFETY: stands for a `&mut [T]` that is handed out in parts; the caller of `part` guarantees that nobody
// else uses the same values.
unsafe impl<T: Send> Send for Disjoint<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Disjoint<'_, T> {}

impl<'a, T> Disjoint<'a, T> {
    /// Wraps the whole `slice`.
    #[must_use]
    pub fn new(slice: &'a mut [T]) -> Self {
        Self { start: slice.as_mut_ptr(), len: slice.len(), slice: PhantomData }
    }

    /// The number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// The values of `range`.
    ///
    /// # Panics
    /// If the range is not within the slice.
    ///
    /// # Safety
    /// While the result is in use, nobody else may use any of these values.
    #[inline]
    #[must_use]
    pub unsafe fn part(&self, range: std::ops::Range<usize>) -> &'a mut [T] {
        assert!(range.start <= range.end && range.end <= self.len, "{range:?} of {} values", self.len);
        // SAFETY: within the slice, and the caller guarantees exclusive access.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }

    /// A pointer to value `index`. Offsets from it up to the slice's end are valid; exclusive access is the
    /// caller's responsibility.
    ///
    /// # Panics
    /// If the index is past the end.
    #[inline]
    #[must_use]
    pub fn at(&self, index: usize) -> *mut T {
        assert!(index <= self.len, "{index} of {} values", self.len);
        self.start.wrapping_add(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_match_their_ranges() {
        let mut values = [0, 1, 2, 3, 4, 5];
        let all = Disjoint::new(&mut values);
        assert_eq!(all.len(), 6);
        // SAFETY: the parts do not overlap.
        let [a, none, b] = unsafe { [all.part(0..2), all.part(2..2), all.part(2..6)] };
        assert_eq!((&*a, &*none, &*b), (&[0, 1][..], &[][..], &[2, 3, 4, 5][..]));
        a[1] = 7;
        b[0] = 8;
        // SAFETY: the parts are no longer used.
        assert_eq!(unsafe { [*all.at(1), *all.at(2)] }, [7, 8]);
        assert_eq!(values, [0, 7, 8, 3, 4, 5]);
    }

    #[test]
    fn threads_write_their_own_parts() {
        let mut values = vec![0; 64];
        let all = Disjoint::new(&mut values);
        std::thread::scope(|scope| {
            for i in 0..4 {
                // SAFETY: the parts do not overlap.
                scope.spawn(move || unsafe { all.part(16 * i..16 * (i + 1)).fill(i) });
            }
        });
        assert!(values.iter().enumerate().all(|(i, &value)| value == i / 16));
    }

    #[test]
    #[should_panic(expected = "2..4 of 3 values")]
    fn a_part_ends_within_the_slice() {
        let mut values = [1, 2, 3];
        // SAFETY: never used.
        let _ = unsafe { Disjoint::new(&mut values).part(2..4) };
    }

    #[test]
    #[should_panic(expected = "3..2 of 3 values")]
    fn a_part_does_not_end_before_it_starts() {
        let (mut values, reversed) = ([1, 2, 3], std::ops::Range { start: 3, end: 2 });
        // SAFETY: never used.
        let _ = unsafe { Disjoint::new(&mut values).part(reversed) };
    }

    #[test]
    #[should_panic(expected = "4 of 3 values")]
    fn no_pointer_is_past_the_end() {
        let _ = Disjoint::new(&mut [1, 2, 3]).at(4);
    }
}
