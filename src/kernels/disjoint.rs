//! Memory that several threads write at once, each its own part.

use std::marker::PhantomData;

/// A slice whose parts are written from several threads.
#[derive(Clone, Copy)]
pub struct Disjoint<'a, T> {
    start: *mut T,
    len: usize,
    slice: PhantomData<&'a mut [T]>,
}

// SAFETY: stands for a `&mut [T]` that is handed out in parts; who asks for one promises that nobody
// else uses the same values.
unsafe impl<T: Send> Send for Disjoint<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Disjoint<'_, T> {}

impl<'a, T> Disjoint<'a, T> {
    /// The whole of `slice`.
    #[must_use]
    pub fn new(slice: &'a mut [T]) -> Self {
        Self { start: slice.as_mut_ptr(), len: slice.len(), slice: PhantomData }
    }

    /// The number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The values of `range`.
    ///
    /// # Panics
    /// If the range is not within the slice.
    ///
    /// # Safety
    /// As long as the result is used, nobody else may use one of these values.
    #[inline]
    #[must_use]
    pub unsafe fn part(&self, range: std::ops::Range<usize>) -> &'a mut [T] {
        assert!(range.start <= range.end && range.end <= self.len, "{range:?} of {} values", self.len);
        // SAFETY: within the slice, and the caller promises that nobody else uses it.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }

    /// Where value `index` is. Offsets from it up to the slice's end are valid; whether others use
    /// the values is the caller's concern.
    ///
    /// # Panics
    /// If the index is behind the end.
    #[inline]
    #[must_use]
    pub fn at(&self, index: usize) -> *mut T {
        assert!(index <= self.len, "{index} of {} values", self.len);
        self.start.wrapping_add(index)
    }
}
