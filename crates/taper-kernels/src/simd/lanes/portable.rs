//! Sixteen lanes in an array, which the compiler vectorizes for the target.

use std::ops::{Add, Div, Mul, Sub};

use super::Lanes;

/// Sixteen lanes.
#[derive(Clone, Copy)]
pub struct Portable([f32; 16]);

impl Portable {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|i| f(self.0[i], other.0[i])))
    }

    #[inline(always)]
    fn test(self, other: Self, f: impl Fn(f32, f32) -> bool) -> [bool; 16] {
        std::array::from_fn(|i| f(self.0[i], other.0[i]))
    }
}

macro_rules! operator {
    ($Trait:ident, $method:ident) => {
        impl $Trait for Portable {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                self.zip(other, f32::$method)
            }
        }
    };
}

operator!(Add, add);
operator!(Sub, sub);
operator!(Mul, mul);
operator!(Div, div);

impl Lanes for Portable {
    type Mask = [bool; 16];
    type Picks = [u8; 16];

    const TILE: usize = 4;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self([value; 16])
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller guarantees sixteen values.
        Self(unsafe { from.cast::<[f32; 16]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> Self {
        // SAFETY: the caller guarantees `count` values.
        Self(std::array::from_fn(|i| if i < count { unsafe { from.add(i).read() } } else { 0.0 }))
    }

    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self {
        // SAFETY: the caller guarantees sixteen bytes.
        Self(unsafe { from.cast::<[u8; 16]>().read_unaligned() }.map(f32::from))
    }

    #[inline(always)]
    unsafe fn load_picks(from: *const u8) -> [u8; 16] {
        // SAFETY: the caller guarantees sixteen bytes.
        unsafe { from.cast::<[u8; 16]>().read() }
    }

    #[inline(always)]
    unsafe fn pick(four: *const f32, picks: [u8; 16]) -> Self {
        // SAFETY: the caller guarantees four values.
        let four = unsafe { four.cast::<[f32; 4]>().read() };
        Self(picks.map(|pick| four[usize::from(pick & 3)]))
    }

    #[inline(always)]
    unsafe fn store_groups(v: [Self; 4], to: *mut f32) {
        for i in 0..16 {
            // SAFETY: the caller guarantees 64 values.
            unsafe { to.add(4 * i).cast::<[f32; 4]>().write(std::array::from_fn(|j| v[j].0[i])) };
        }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller guarantees sixteen values.
        unsafe { to.cast::<[f32; 16]>().write_unaligned(self.0) }
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, count: usize) {
        // SAFETY: the caller guarantees `count` values; the array has sixteen.
        unsafe { to.copy_from_nonoverlapping(self.0.as_ptr(), count) }
    }

    #[inline(always)]
    unsafe fn store_bytes(self, to: *mut u8) {
        // SAFETY: the caller guarantees sixteen bytes.
        unsafe { to.cast::<[u8; 16]>().write_unaligned(self.0.map(|value| value as u8)) }
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        Self(std::array::from_fn(|i| mul_add(self.0[i], factor.0[i], term.0[i])))
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(self.0.map(f32::sqrt))
    }

    #[inline(always)]
    fn gt(self, other: Self) -> [bool; 16] {
        self.test(other, |a, b| a > b)
    }

    #[inline(always)]
    fn eq(self, other: Self) -> [bool; 16] {
        self.test(other, |a, b| a == b)
    }

    #[inline(always)]
    fn ne(self, other: Self) -> [bool; 16] {
        self.test(other, |a, b| a != b)
    }

    #[inline(always)]
    unsafe fn store_set(mask: [bool; 16], first: u32, to: *mut u32) -> usize {
        let mut count = 0;
        for (lane, set) in mask.into_iter().enumerate() {
            // SAFETY: the caller guarantees sixteen values.
            unsafe { to.add(count).write(first + lane as u32) };
            count += usize::from(set);
        }
        count
    }

    #[inline(always)]
    fn is_nan(self) -> [bool; 16] {
        self.0.map(f32::is_nan)
    }

    #[inline(always)]
    fn or(a: [bool; 16], b: [bool; 16]) -> [bool; 16] {
        std::array::from_fn(|i| a[i] | b[i])
    }

    #[inline(always)]
    fn any(mask: [bool; 16]) -> bool {
        // No early exit, so that the compiler can vectorize the loop.
        mask.iter().fold(false, |any, own| any | own)
    }

    #[inline(always)]
    fn select(self, mask: [bool; 16], other: Self) -> Self {
        Self(std::array::from_fn(|i| if mask[i] { self.0[i] } else { other.0[i] }))
    }

    #[inline(always)]
    fn sums(vectors: [Self; 16]) -> Self {
        Self(vectors.map(Lanes::sum))
    }

    #[inline(always)]
    fn to_array(self) -> [f32; 16] {
        self.0
    }
}

/// `a * b + c`, rounded once.
#[inline(always)]
fn mul_add(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(target_feature = "fma") || cfg!(target_arch = "aarch64") {
        return a.mul_add(b, c);
    }
    // Without an instruction, `f32::mul_add` is a slow function call. The product is exact in f64, and the sum is rounded to odd: if
    // it is not exact, its last bit is set, so that rounding it again, to f32, is as good as rounding once (Boldo and Melquiond,
    // "Emulation of a FMA and correctly rounded sums: proved algorithms using rounding to odd", 2008).
    let (product, term) = (f64::from(a) * f64::from(b), f64::from(c));
    let sum = product + term;
    let part = sum - product;
    let error = (product - (sum - part)) + (term - part);
    let bits = sum.to_bits();
    // Toward the exact value, which lies between `sum` and one of its neighbors.
    let toward = if (error > 0.0) == (sum > 0.0) { bits.wrapping_add(1) } else { bits.wrapping_sub(1) };
    // False for an exact sum, and for one that is infinite or NaN, whose error is NaN or 0.
    let is_even_and_inexact = error.abs() > 0.0 && bits & 1 == 0;
    f64::from_bits(if is_even_and_inexact { toward } else { bits }) as f32
}
