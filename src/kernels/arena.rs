//! Memory for a network's values that starts at the edge of a cache line, so that sixteen values never
//! lie across two: unaligned, the dense layer's products take a tenth longer.

use std::ops::{Deref, DerefMut};

/// Values that are zero at first.
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

    /// Makes room for `len` values: all are zeros again if there was less.
    pub fn reserve(&mut self, len: usize) {
        if self.len < len {
            *self = Self::default(); // gives the old memory back first
            *self = Self::new(len);
        }
    }
}

impl Deref for Arena {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: lines are arrays of sixteen values without gaps, and there are enough of them.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl DerefMut for Arena {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as above; `&mut self` is the only access.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}
