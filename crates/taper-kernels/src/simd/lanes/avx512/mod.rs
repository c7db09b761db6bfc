//! Sixteen lanes in one 512-bit register.
//!
//! Most unsafe blocks below are one intrinsic each, for which two things must hold. The machine must have
//! the instruction: constructors leave that to their callers, see [`Lanes`]; everywhere else a value of
//! this type shows it. Memory that is read or written must be valid: the intrinsic touches exactly what the
//! method's caller has guaranteed (masked-off lanes are not touched).

#![allow(clippy::wildcard_imports, reason = "intrinsics are the module's language, and their names unique")]
#![expect(
    clippy::undocumented_unsafe_blocks,
    reason = "the same argument holds for all and is given once above; exceptions have their own"
)]

mod shuffle;

use std::arch::x86_64::*;
use std::ops::{Add, Div, Mul, Sub};

use super::{Kernel, Lanes};

/// One `zmm` register. A value exists only where AVX-512 does: every constructor is unsafe.
#[derive(Clone, Copy)]
pub struct Avx512(__m512);

/// # Safety
/// The machine must have AVX-512 F, BW, VL and DQ, and FMA; the kernel adds its own conditions.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx2,fma")]
pub unsafe fn run<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: this function may use the instructions; the kernel's conditions are guaranteed by the caller.
    unsafe { kernel.run::<Avx512>() }
}

macro_rules! operator {
    ($Trait:ident, $method:ident, $intrinsic:ident) => {
        impl $Trait for Avx512 {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: a value of this type shows that the machine has AVX-512.
                Self(unsafe { $intrinsic(self.0, other.0) })
            }
        }
    };
}

operator!(Add, add, _mm512_add_ps);
operator!(Sub, sub, _mm512_sub_ps);
operator!(Mul, mul, _mm512_mul_ps);
operator!(Div, div, _mm512_div_ps);

/// The mask of the first `count` lanes, at most sixteen.
#[inline(always)]
fn first(count: usize) -> __mmask16 {
    ((1_u32 << count) - 1) as __mmask16
}

impl Lanes for Avx512 {
    type Mask = __mmask16;
    type Picks = __m512i;

    const TILE: usize = 24;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self(unsafe { _mm512_set1_ps(value) })
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Self(unsafe { _mm512_loadu_ps(from) })
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> Self {
        Self(unsafe { _mm512_maskz_loadu_ps(first(count), from) })
    }

    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self {
        Self(unsafe { _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(from.cast()))) })
    }

    #[inline(always)]
    unsafe fn load_picks(from: *const u8) -> __m512i {
        unsafe { _mm512_cvtepu8_epi32(_mm_loadu_si128(from.cast())) }
    }

    #[inline(always)]
    unsafe fn pick(four: *const f32, picks: __m512i) -> Self {
        Self(unsafe { _mm512_permutevar_ps(_mm512_broadcast_f32x4(_mm_loadu_ps(four)), picks) })
    }

    #[inline(always)]
    unsafe fn store_groups(v: [Self; 4], to: *mut f32) {
        unsafe { shuffle::store_groups(v, to) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { _mm512_storeu_ps(to, self.0) }
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, count: usize) {
        unsafe { _mm512_mask_storeu_ps(to, first(count), self.0) }
    }

    #[inline(always)]
    unsafe fn store_bytes(self, to: *mut u8) {
        unsafe { _mm_storeu_si128(to.cast(), _mm512_cvtepi32_epi8(_mm512_cvttps_epi32(self.0))) }
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        Self(unsafe { _mm512_fmadd_ps(self.0, factor.0, term.0) })
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(unsafe { _mm512_sqrt_ps(self.0) })
    }

    #[inline(always)]
    fn gt(self, other: Self) -> __mmask16 {
        unsafe { _mm512_cmp_ps_mask::<_CMP_GT_OQ>(self.0, other.0) }
    }

    #[inline(always)]
    fn eq(self, other: Self) -> __mmask16 {
        unsafe { _mm512_cmp_ps_mask::<_CMP_EQ_OQ>(self.0, other.0) }
    }

    #[inline(always)]
    fn ne(self, other: Self) -> __mmask16 {
        unsafe { _mm512_cmp_ps_mask::<_CMP_NEQ_UQ>(self.0, other.0) }
    }

    #[inline(always)]
    unsafe fn store_set(mask: __mmask16, first: u32, to: *mut u32) -> usize {
        unsafe {
            let lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
            let numbers = _mm512_add_epi32(lanes, _mm512_set1_epi32(first.cast_signed()));
            // In a register: compressing into memory takes a hundred cycles (Zen 4).
            _mm512_storeu_si512(to.cast(), _mm512_maskz_compress_epi32(mask, numbers));
        }
        mask.count_ones() as usize
    }

    #[inline(always)]
    fn is_nan(self) -> __mmask16 {
        unsafe { _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(self.0, self.0) }
    }

    #[inline(always)]
    fn or(a: __mmask16, b: __mmask16) -> __mmask16 {
        a | b
    }

    #[inline(always)]
    fn any(mask: __mmask16) -> bool {
        mask != 0
    }

    #[inline(always)]
    fn select(self, mask: __mmask16, other: Self) -> Self {
        Self(unsafe { _mm512_mask_blend_ps(mask, other.0, self.0) })
    }

    #[inline(always)]
    fn sums(v: [Self; 16]) -> Self {
        // Each step adds halves and packs two vectors into one, of 8, 4, 2 and 1 lanes.
        macro_rules! fold {
            ($shuffle:ident, $low:literal, $high:literal, $a:expr, $b:expr) => {{
                let (a, b) = ($a, $b);
                unsafe { _mm512_add_ps($shuffle::<$low>(a, b), $shuffle::<$high>(a, b)) }
            }};
        }
        let quads = array!([v[0].0; 4] p => {
            let low = fold!(_mm512_shuffle_f32x4, 0x44, 0xEE, v[p].0, v[4 + p].0);
            let high = fold!(_mm512_shuffle_f32x4, 0x44, 0xEE, v[8 + p].0, v[12 + p].0);
            fold!(_mm512_shuffle_f32x4, 0x88, 0xDD, low, high)
        });
        let low = fold!(_mm512_shuffle_ps, 0x44, 0xEE, quads[0], quads[1]);
        let high = fold!(_mm512_shuffle_ps, 0x44, 0xEE, quads[2], quads[3]);
        Self(fold!(_mm512_shuffle_ps, 0x88, 0xDD, low, high))
    }

    #[inline(always)]
    fn transpose(v: [Self; 16]) -> [Self; 16] {
        shuffle::transpose(v)
    }

    #[inline(always)]
    fn to_array(self) -> [f32; 16] {
        let mut values = [0.0; 16];
        // SAFETY: the array has sixteen values.
        unsafe { _mm512_storeu_ps(values.as_mut_ptr(), self.0) };
        values
    }
}
