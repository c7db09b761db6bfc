//! A vector of sixteen `f32` lanes, implemented for each instruction set.
//!
//! Kernels are written once, generic over [`Lanes`], and compiled for every [`Isa`]: [`run`] enters a
//! function that may use its instructions, into which the kernel is inlined. Sixteen lanes everywhere, in
//! one register or in several, keep layouts and the order of sums the same on all machines, and a multiply-add is rounded once on
//! all, so that AVX-512, AVX2, NEON and plain code give the same bits.

/// Builds an array element by element in a plain loop. Kernels have no closures in their loops: a closure
/// is a separate function, which may not use the instruction set, and if it is not inlined, each vector
/// operation in it becomes a function call.
macro_rules! array {
    ([$first:expr; $len:expr] $i:ident => $value:expr) => {{
        let mut values = [$first; $len];
        let mut $i = 0;
        while $i < $len {
            values[$i] = $value;
            $i += 1;
        }
        values
    }};
}

pub(crate) use array;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod isa;
mod portable;
#[cfg(test)]
mod tests;

pub use isa::Isa;

use std::ops::{Add, Div, Mul, Sub};

/// The number of lanes.
pub const WIDTH: usize = 16;

/// Sixteen `f32` lanes.
///
/// The constructors are unsafe because the processor must have the instruction set. An existing value
/// proves that it does, so arithmetic on it is safe.
pub trait Lanes:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    /// One boolean per lane.
    type Mask: Copy;

    /// A number below 4 per lane.
    type Picks: Copy;

    /// The number of vectors that a register tile may hold in addition to its operands.
    const TILE: usize;

    /// The same value in all lanes.
    ///
    /// # Safety
    /// The machine must have the instruction set; this also applies to the functions below.
    unsafe fn splat(value: f32) -> Self;

    /// Loads sixteen values; `from` need not be aligned.
    ///
    /// # Safety
    /// All sixteen must be readable.
    unsafe fn load(from: *const f32) -> Self;

    /// Loads the first `count` values and fills the rest with zeros; nothing else is read.
    ///
    /// # Safety
    /// `count` values, at most sixteen, must be readable.
    unsafe fn load_first(from: *const f32, count: usize) -> Self;

    /// Loads sixteen bytes and converts them to `f32`.
    ///
    /// # Safety
    /// All sixteen must be readable.
    unsafe fn load_bytes(from: *const u8) -> Self;

    /// Loads sixteen bytes, of which only the last two bits count.
    ///
    /// # Safety
    /// All sixteen must be readable.
    unsafe fn load_picks(from: *const u8) -> Self::Picks;

    /// One of four values per lane.
    ///
    /// # Safety
    /// All four must be readable.
    unsafe fn pick(four: *const f32, picks: Self::Picks) -> Self;

    /// Stores sixteen groups of four values: lane i of each vector goes to group i.
    ///
    /// # Safety
    /// 64 values must be writable.
    unsafe fn store_groups(vectors: [Self; 4], to: *mut f32);

    /// Stores all lanes.
    ///
    /// # Safety
    /// Sixteen values must be writable.
    unsafe fn store(self, to: *mut f32);

    /// Stores the first `count` lanes.
    ///
    /// # Safety
    /// `count` values, at most sixteen, must be writable.
    unsafe fn store_first(self, to: *mut f32, count: usize);

    /// Stores integers in 0..=255 as bytes.
    ///
    /// # Safety
    /// Sixteen bytes must be writable.
    unsafe fn store_bytes(self, to: *mut u8);

    /// The same value in all lanes.
    #[inline(always)]
    #[must_use]
    fn splat_like(self, value: f32) -> Self {
        // SAFETY: `self` shows that the machine has the instruction set.
        unsafe { Self::splat(value) }
    }

    /// `self * factor + term`, rounded once.
    #[must_use]
    fn mul_add(self, factor: Self, term: Self) -> Self;

    /// The square root.
    #[must_use]
    fn sqrt(self) -> Self;

    /// Whether `self` is greater than `other`, per lane; false for NaN.
    fn gt(self, other: Self) -> Self::Mask;

    /// Whether both are equal, per lane; false for NaN.
    fn eq(self, other: Self) -> Self::Mask;

    /// Whether they differ, per lane; true for NaN.
    fn ne(self, other: Self) -> Self::Mask;

    /// Whether the value is NaN, per lane.
    fn is_nan(self) -> Self::Mask;

    /// Whether either mask is true, per lane.
    fn or(a: Self::Mask, b: Self::Mask) -> Self::Mask;

    /// Whether any lane is true.
    fn any(mask: Self::Mask) -> bool;

    /// Stores `first` plus the number of each lane in which the mask is true, in order, and returns how many there are.
    ///
    /// # Safety
    /// The machine must have the instruction set; sixteen values must be writable, and those after the stored
    /// ones may change.
    unsafe fn store_set(mask: Self::Mask, first: u32, to: *mut u32) -> usize;

    /// `self` where the mask is true, else `other`.
    #[must_use]
    fn select(self, mask: Self::Mask, other: Self) -> Self;

    /// `self` where it is above 0, else `slope` times it; NaN stays NaN.
    #[inline(always)]
    #[must_use]
    fn leaky(self, slope: f32) -> Self {
        let zero = self.splat_like(0.0);
        if slope == 0.0 {
            // Infinity times 0 would be NaN.
            return self.select(Self::or(self.gt(zero), self.is_nan()), zero);
        }
        self.select(self.gt(zero), self * self.splat_like(slope))
    }

    /// The gradient of the input of [`leaky`](Self::leaky), where `self` is the gradient of its output.
    #[inline(always)]
    #[must_use]
    fn leaky_gradient(self, output: Self, slope: f32) -> Self {
        let zero = self.splat_like(0.0);
        let other = if slope == 0.0 { zero } else { self * self.splat_like(slope) };
        self.select(output.gt(zero), other)
    }

    /// The sum of each vector's lanes, one lane per vector: the two halves of a vector are added until one
    /// value is left.
    fn sums(vectors: [Self; 16]) -> Self;

    /// The transpose: lane j of vector i becomes lane i of vector j.
    #[inline(always)]
    fn transpose(vectors: [Self; 16]) -> [Self; 16] {
        let rows = array!([[0.0; 16]; 16] i => vectors[i].to_array());
        array!([vectors[0]; 16] j => {
            let column = array!([0.0; 16] i => rows[i][j]);
            // SAFETY: the vectors show that the machine has the instruction set; a column has sixteen values.
            unsafe { Self::load(column.as_ptr()) }
        })
    }

    /// The lanes as an array.
    fn to_array(self) -> [f32; 16];

    /// The sum of the lanes, in the order of [`sums`](Self::sums).
    #[inline(always)]
    fn sum(self) -> f32 {
        let mut values = self.to_array();
        for half in [8, 4, 2, 1] {
            for i in 0..half {
                values[i] += values[i + half];
            }
        }
        values[0]
    }
}

/// Code that is compiled for every instruction set; `run` and everything that it calls must be
/// `#[inline(always)]`.
pub trait Kernel {
    /// The result.
    type Output;

    /// Runs the kernel.
    ///
    /// # Safety
    /// The machine must have the instruction set of `L`; each kernel adds its own conditions.
    unsafe fn run<L: Lanes>(self) -> Self::Output;
}

/// Runs `kernel` with the instructions of `isa`.
///
/// # Safety
/// The machine must have them, and the conditions of the kernel must hold.
#[inline]
pub unsafe fn run<K: Kernel>(isa: Isa, kernel: K) -> K::Output {
    // SAFETY: guaranteed by the caller.
    unsafe {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => avx512::run(kernel),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => avx2::run(kernel),
            _ => kernel.run::<portable::Portable>(),
        }
    }
}
