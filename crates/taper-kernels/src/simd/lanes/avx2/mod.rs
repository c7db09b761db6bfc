//! Sixteen lanes in two 256-bit registers.
//!
//! Most unsafe blocks below are one intrinsic for each half, for which two things must hold. The machine
//! must have the instruction: constructors leave that to their callers, see [`Lanes`]; everywhere else
//! a value of this type, or a mask made from one, shows it. Memory that is read or written must be valid:
//! the intrinsics touch exactly what the method's caller has guaranteed (masked-off lanes are not touched,
//! even outside of that memory).

#![allow(clippy::wildcard_imports, reason = "intrinsics are the module's language, and their names unique")]
#![expect(
    clippy::undocumented_unsafe_blocks,
    reason = "the same argument holds for all and is given once above; exceptions have their own"
)]

mod shuffle;

use std::arch::x86_64::*;
use std::ops::{Add, Div, Mul, Sub};

use super::{Kernel, Lanes};
use shuffle::SET;

/// Two `ymm` registers. A value exists only where AVX2 does: every constructor is unsafe.
#[derive(Clone, Copy)]
pub struct Avx2([__m256; 2]);

/// # Safety
/// The machine must have AVX2 and FMA; the kernel adds its own conditions.
#[target_feature(enable = "avx2,fma")]
pub unsafe fn run<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: this function may use the instructions; the kernel's conditions are guaranteed by the caller.
    unsafe { kernel.run::<Avx2>() }
}

/// An operation on both halves of two values.
macro_rules! zip {
    ($a:expr, $b:expr, $intrinsic:ident $(::<$predicate:ident>)?) => {{
        let (a, b) = ($a, $b);
        // SAFETY: a value of this type shows that the machine has AVX2.
        unsafe { [$intrinsic$(::<$predicate>)?(a[0], b[0]), $intrinsic$(::<$predicate>)?(a[1], b[1])] }
    }};
}

macro_rules! operator {
    ($Trait:ident, $method:ident, $intrinsic:ident) => {
        impl $Trait for Avx2 {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self(zip!(self.0, other.0, $intrinsic))
            }
        }
    };
}

operator!(Add, add, _mm256_add_ps);
operator!(Sub, sub, _mm256_sub_ps);
operator!(Mul, mul, _mm256_mul_ps);
operator!(Div, div, _mm256_div_ps);

/// The mask of the first `count` of eight lanes; all lanes if `count` is larger.
///
/// # Safety
/// The machine must have AVX2.
#[inline(always)]
#[expect(clippy::cast_possible_wrap, reason = "counts are at most sixteen")]
unsafe fn first(count: usize) -> __m256i {
    unsafe {
        let lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), lane)
    }
}

impl Lanes for Avx2 {
    type Mask = [__m256; 2];
    type Picks = [__m256i; 2];

    const TILE: usize = 4;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self([unsafe { _mm256_set1_ps(value) }; 2])
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Self(unsafe { [_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))] })
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> Self {
        let rest = count.saturating_sub(8);
        Self(unsafe {
            [_mm256_maskload_ps(from, first(count)), _mm256_maskload_ps(from.wrapping_add(8), first(rest))]
        })
    }

    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self {
        Self(unsafe {
            let (low, high) = (_mm_loadl_epi64(from.cast()), _mm_loadl_epi64(from.add(8).cast()));
            [_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(low)), _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(high))]
        })
    }

    #[inline(always)]
    unsafe fn load_picks(from: *const u8) -> [__m256i; 2] {
        unsafe {
            let (low, high) = (_mm_loadl_epi64(from.cast()), _mm_loadl_epi64(from.add(8).cast()));
            [_mm256_cvtepu8_epi32(low), _mm256_cvtepu8_epi32(high)]
        }
    }

    #[inline(always)]
    unsafe fn pick(four: *const f32, picks: [__m256i; 2]) -> Self {
        let four = unsafe { _mm_loadu_ps(four) };
        let four = unsafe { _mm256_set_m128(four, four) };
        Self(array!([four; 2] i => unsafe { _mm256_permutevar_ps(four, picks[i]) }))
    }

    #[inline(always)]
    unsafe fn store_groups(v: [Self; 4], to: *mut f32) {
        unsafe { shuffle::store_groups(v, to) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe {
            _mm256_storeu_ps(to, self.0[0]);
            _mm256_storeu_ps(to.add(8), self.0[1]);
        }
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, count: usize) {
        // A masked store takes as long as thirteen plain ones (Zen 3).
        unsafe {
            match count {
                16.. => self.store(to),
                8.. => {
                    _mm256_storeu_ps(to, self.0[0]);
                    _mm256_maskstore_ps(to.add(8), first(count - 8), self.0[1]);
                }
                _ => _mm256_maskstore_ps(to, first(count), self.0[0]),
            }
        }
    }

    #[inline(always)]
    unsafe fn store_bytes(self, to: *mut u8) {
        unsafe {
            let [low, high] = array!([_mm256_setzero_si256(); 2] i => _mm256_cvtps_epi32(self.0[i]));
            // Packing works within halves of 128 bits, so that quarters have to change places.
            let words = _mm256_permute4x64_epi64::<0xD8>(_mm256_packus_epi32(low, high));
            let (low, high) = (_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words));
            _mm_storeu_si128(to.cast(), _mm_packus_epi16(low, high));
        }
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        Self(array!([self.0[0]; 2] i => unsafe { _mm256_fmadd_ps(self.0[i], factor.0[i], term.0[i]) }))
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(array!([self.0[0]; 2] i => unsafe { _mm256_sqrt_ps(self.0[i]) }))
    }

    #[inline(always)]
    fn gt(self, other: Self) -> [__m256; 2] {
        zip!(self.0, other.0, _mm256_cmp_ps::<_CMP_GT_OQ>)
    }

    #[inline(always)]
    fn eq(self, other: Self) -> [__m256; 2] {
        zip!(self.0, other.0, _mm256_cmp_ps::<_CMP_EQ_OQ>)
    }

    #[inline(always)]
    fn ne(self, other: Self) -> [__m256; 2] {
        zip!(self.0, other.0, _mm256_cmp_ps::<_CMP_NEQ_UQ>)
    }

    #[inline(always)]
    unsafe fn store_set(mask: [__m256; 2], first: u32, to: *mut u32) -> usize {
        let (mut count, mut half) = (0, 0);
        while half < 2 {
            unsafe {
                let bits = _mm256_movemask_ps(mask[half]) as usize;
                let lanes = _mm256_cvtepu8_epi32(_mm_loadl_epi64(SET[bits].as_ptr().cast()));
                let numbers =
                    _mm256_add_epi32(lanes, _mm256_set1_epi32((first + 8 * half as u32).cast_signed()));
                _mm256_storeu_si256(to.add(count).cast(), numbers);
                count += bits.count_ones() as usize;
            }
            half += 1;
        }
        count
    }

    #[inline(always)]
    fn is_nan(self) -> [__m256; 2] {
        zip!(self.0, self.0, _mm256_cmp_ps::<_CMP_UNORD_Q>)
    }

    #[inline(always)]
    fn or(a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        zip!(a, b, _mm256_or_ps)
    }

    #[inline(always)]
    fn any(mask: [__m256; 2]) -> bool {
        unsafe { _mm256_movemask_ps(_mm256_or_ps(mask[0], mask[1])) != 0 }
    }

    #[inline(always)]
    fn select(self, mask: [__m256; 2], other: Self) -> Self {
        Self(array!([self.0[0]; 2] i => unsafe { _mm256_blendv_ps(other.0[i], self.0[i], mask[i]) }))
    }

    #[inline(always)]
    fn sums(v: [Self; 16]) -> Self {
        shuffle::sums(v)
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        let four = self.fold();
        // SAFETY: a value of this type shows that the machine has AVX2.
        unsafe {
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
        }
    }

    #[inline(always)]
    fn transpose(v: [Self; 16]) -> [Self; 16] {
        shuffle::transpose(v)
    }

    #[inline(always)]
    fn to_array(self) -> [f32; 16] {
        let mut values = [0.0; 16];
        // SAFETY: the array has sixteen values.
        unsafe { self.store(values.as_mut_ptr()) };
        values
    }
}
