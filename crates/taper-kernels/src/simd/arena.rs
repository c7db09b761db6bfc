//! Memory for a network's values, aligned to cache lines so that no vector of sixteen values straddles two:
//! unaligned, the products of the dense layer take a tenth longer.

use std::ops::{Deref, DerefMut};

/// A buffer of values, initially zero.
#[derive(Default)]
pub struct Arena {
    lines: Vec<Line>,
    len: usize,
}

/// One cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; 16]);

impl Arena {
    /// `len` zeros.
    #[must_use]
    pub fn new(len: usize) -> Self {
        Self { lines: vec![Line([0.0; 16]); len.div_ceil(16)], len }
    }

    /// Grows to at least `len` values. Growing sets all values to zero.
    pub fn reserve(&mut self, len: usize) {
        if self.len < len {
            *self = Self::default(); // frees the old memory first
            *self = Self::new(len);
        }
    }
}

/// The distance between the memory of `len` values of one thread and that of the next, a page more than needed: what a
/// processor fetches ahead of a thread's writes, up to the end of a page, must not belong to another thread.
#[must_use]
pub const fn apart(len: usize) -> usize {
    const PAGE: usize = 1024;
    if len == 0 { 0 } else { len.next_multiple_of(PAGE) + PAGE }
}

impl Deref for Arena {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: lines are arrays of sixteen values without padding, and there are enough of them.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl DerefMut for Arena {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as above; `&mut self` is the only access.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_start_at_a_cache_line_and_are_zero() {
        for len in [0, 1, 15, 16, 17, 1000] {
            let mut arena = Arena::new(len);
            assert!(arena.as_ptr().addr().is_multiple_of(64) && *arena == *vec![0.0; len]);
            arena.iter_mut().enumerate().for_each(|(i, value)| *value = i as f32);
            assert!(arena.iter().enumerate().all(|(i, &value)| value == i as f32));
        }
    }

    #[test]
    fn reserving_keeps_a_large_enough_arena_and_replaces_a_smaller_one() {
        let mut arena = Arena::default();
        assert!(arena.is_empty());
        arena.reserve(20);
        arena.fill(1.0);
        arena.reserve(3);
        assert_eq!(*arena, [1.0; 20]);
        arena.reserve(21);
        assert_eq!(*arena, [0.0; 21]);
    }
}
