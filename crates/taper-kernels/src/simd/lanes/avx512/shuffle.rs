//! Moves between lanes. A vector shows that the machine has AVX-512, as in the module above.

#![allow(clippy::wildcard_imports, reason = "intrinsics are the module's language, and their names unique")]

use std::arch::x86_64::*;

use super::Avx512;

/// Four rows by columns: vector j has, in quarter q, column 4 q + j.
#[inline(always)]
fn quarters([a, b, c, d]: [Avx512; 4]) -> [__m512; 4] {
    macro_rules! pairs {
        ($unpack:ident, $a:expr, $b:expr) => {
            _mm512_castpd_ps($unpack(_mm512_castps_pd($a), _mm512_castps_pd($b)))
        };
    }
    // SAFETY: values of this type show that the machine has AVX-512.
    unsafe {
        let (low, low2) = (_mm512_unpacklo_ps(a.0, b.0), _mm512_unpacklo_ps(c.0, d.0));
        let (high, high2) = (_mm512_unpackhi_ps(a.0, b.0), _mm512_unpackhi_ps(c.0, d.0));
        [
            pairs!(_mm512_unpacklo_pd, low, low2),
            pairs!(_mm512_unpackhi_pd, low, low2),
            pairs!(_mm512_unpacklo_pd, high, high2),
            pairs!(_mm512_unpackhi_pd, high, high2),
        ]
    }
}

/// The transpose of sixteen vectors.
#[inline(always)]
pub fn transpose(v: [Avx512; 16]) -> [Avx512; 16] {
    // First within quarters of four lanes: `columns[g][j]` has, in quarter q, column 4 q + j of rows 4
    // g to 4 g + 3. Then the quarters change places.
    let columns =
        array!([[v[0].0; 4]; 4] g => quarters([v[4 * g], v[4 * g + 1], v[4 * g + 2], v[4 * g + 3]]));
    let mut transposed = v;
    let mut j = 0;
    while j < 4 {
        let (a, b, c, d) = (columns[0][j], columns[1][j], columns[2][j], columns[3][j]);
        // SAFETY: as above.
        unsafe {
            let (even, odd) = (_mm512_shuffle_f32x4::<0x88>(a, b), _mm512_shuffle_f32x4::<0xDD>(a, b));
            let (even2, odd2) = (_mm512_shuffle_f32x4::<0x88>(c, d), _mm512_shuffle_f32x4::<0xDD>(c, d));
            transposed[j] = Avx512(_mm512_shuffle_f32x4::<0x88>(even, even2));
            transposed[4 + j] = Avx512(_mm512_shuffle_f32x4::<0x88>(odd, odd2));
            transposed[8 + j] = Avx512(_mm512_shuffle_f32x4::<0xDD>(even, even2));
            transposed[12 + j] = Avx512(_mm512_shuffle_f32x4::<0xDD>(odd, odd2));
        }
        j += 1;
    }
    transposed
}

/// Stores lane i of four vectors as group i.
///
/// # Safety
/// 64 values must be writable.
#[inline(always)]
pub unsafe fn store_groups(v: [Avx512; 4], to: *mut f32) {
    let groups = quarters(v);
    // Quarter q of vector j is group 4 q + j: the quarters change places.
    // SAFETY: vectors show that the machine has AVX-512; the caller guarantees the memory.
    unsafe {
        let (low, low2) = (
            _mm512_shuffle_f32x4::<0x44>(groups[0], groups[1]),
            _mm512_shuffle_f32x4::<0x44>(groups[2], groups[3]),
        );
        let (high, high2) = (
            _mm512_shuffle_f32x4::<0xEE>(groups[0], groups[1]),
            _mm512_shuffle_f32x4::<0xEE>(groups[2], groups[3]),
        );
        _mm512_storeu_ps(to, _mm512_shuffle_f32x4::<0x88>(low, low2));
        _mm512_storeu_ps(to.add(16), _mm512_shuffle_f32x4::<0xDD>(low, low2));
        _mm512_storeu_ps(to.add(32), _mm512_shuffle_f32x4::<0x88>(high, high2));
        _mm512_storeu_ps(to.add(48), _mm512_shuffle_f32x4::<0xDD>(high, high2));
    }
}
