//! Moves between lanes. A vector shows that the machine has AVX2, as in the module above.

#![allow(clippy::wildcard_imports, reason = "intrinsics are the module's language, and their names unique")]

use std::arch::x86_64::*;

use super::Avx2;

/// The numbers of the bits that are set in each byte.
pub static SET: [[u8; 8]; 256] = {
    let mut set = [[0; 8]; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut bit, mut count) = (0, 0);
        while bit < 8 {
            if byte >> bit & 1 == 1 {
                set[byte][count] = bit as u8;
                count += 1;
            }
            bit += 1;
        }
        byte += 1;
    }
    set
};

/// Four rows by columns: vector j has, in half h, column 4 h + j. Vectors show that the machine has AVX2.
#[inline(always)]
fn halves([a, b, c, d]: [__m256; 4]) -> [__m256; 4] {
    macro_rules! pairs {
        ($unpack:ident, $a:expr, $b:expr) => {
            _mm256_castpd_ps($unpack(_mm256_castps_pd($a), _mm256_castps_pd($b)))
        };
    }
    // SAFETY: vectors show that the machine has AVX2.
    unsafe {
        let (low, low2) = (_mm256_unpacklo_ps(a, b), _mm256_unpacklo_ps(c, d));
        let (high, high2) = (_mm256_unpackhi_ps(a, b), _mm256_unpackhi_ps(c, d));
        [
            pairs!(_mm256_unpacklo_pd, low, low2),
            pairs!(_mm256_unpackhi_pd, low, low2),
            pairs!(_mm256_unpacklo_pd, high, high2),
            pairs!(_mm256_unpackhi_pd, high, high2),
        ]
    }
}

/// Stores lane i of four vectors as group i.
///
/// # Safety
/// 32 values must be writable.
#[inline(always)]
unsafe fn store_eight_groups(v: [__m256; 4], to: *mut f32) {
    let groups = halves(v);
    // SAFETY: vectors show that the machine has AVX2; the caller guarantees the memory.
    unsafe {
        _mm256_storeu_ps(to, _mm256_permute2f128_ps::<0x20>(groups[0], groups[1]));
        _mm256_storeu_ps(to.add(8), _mm256_permute2f128_ps::<0x20>(groups[2], groups[3]));
        _mm256_storeu_ps(to.add(16), _mm256_permute2f128_ps::<0x31>(groups[0], groups[1]));
        _mm256_storeu_ps(to.add(24), _mm256_permute2f128_ps::<0x31>(groups[2], groups[3]));
    }
}

/// The transpose of eight vectors, which show that the machine has AVX2.
#[inline(always)]
fn eight_by_eight(v: [__m256; 8]) -> [__m256; 8] {
    // First within halves of four lanes: `columns[g][j]` has, in half h, column 4 h + j of rows 4 g to 4 g + 3. Then the halves
    // change places.
    let columns = array!([[v[0]; 4]; 2] g => halves([v[4 * g], v[4 * g + 1], v[4 * g + 2], v[4 * g + 3]]));
    let mut transposed = v;
    let mut j = 0;
    while j < 4 {
        let (a, b) = (columns[0][j], columns[1][j]);
        // SAFETY: as above.
        unsafe {
            transposed[j] = _mm256_permute2f128_ps::<0x20>(a, b);
            transposed[4 + j] = _mm256_permute2f128_ps::<0x31>(a, b);
        }
        j += 1;
    }
    transposed
}

/// The transpose of sixteen vectors.
#[inline(always)]
pub fn transpose(v: [Avx2; 16]) -> [Avx2; 16] {
    // Four blocks of eight by eight.
    let mut transposed = v;
    let mut half = 0;
    while half < 2 {
        let top = eight_by_eight(array!([v[0].0[0]; 8] i => v[i].0[half]));
        let bottom = eight_by_eight(array!([v[0].0[0]; 8] i => v[8 + i].0[half]));
        let mut j = 0;
        while j < 8 {
            transposed[8 * half + j] = Avx2([top[j], bottom[j]]);
            j += 1;
        }
        half += 1;
    }
    transposed
}

/// Stores lane i of four vectors as group i.
///
/// # Safety
/// 64 values must be writable.
#[inline(always)]
pub unsafe fn store_groups(v: [Avx2; 4], to: *mut f32) {
    let mut half = 0;
    while half < 2 {
        let four = array!([v[0].0[0]; 4] j => v[j].0[half]);
        // SAFETY: guaranteed by the caller.
        unsafe { store_eight_groups(four, to.add(32 * half)) };
        half += 1;
    }
}

/// The sum of each vector's lanes, one lane per vector.
#[inline(always)]
pub fn sums(v: [Avx2; 16]) -> Avx2 {
    Avx2::from_quads(array!([v[0].fold(); 4] q => {
        let four = array!([v[0].fold(); 4] p => v[4 * q + p].fold());
        // SAFETY: a value of this type shows that the machine has AVX2.
        unsafe {
            let low = _mm_add_ps(_mm_movelh_ps(four[0], four[1]), _mm_movehl_ps(four[1], four[0]));
            let high = _mm_add_ps(_mm_movelh_ps(four[2], four[3]), _mm_movehl_ps(four[3], four[2]));
            _mm_add_ps(_mm_shuffle_ps::<0x88>(low, high), _mm_shuffle_ps::<0xDD>(low, high))
        }
    }))
}

impl Avx2 {
    /// Adds halves of 8, then of 4 lanes.
    #[inline(always)]
    pub fn fold(self) -> __m128 {
        // SAFETY: a value of this type shows that the machine has AVX2.
        unsafe {
            let eight = _mm256_add_ps(self.0[0], self.0[1]);
            _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight))
        }
    }

    #[inline(always)]
    fn from_quads(q: [__m128; 4]) -> Self {
        // SAFETY: only reached from a value of this type.
        unsafe { Self([_mm256_set_m128(q[1], q[0]), _mm256_set_m128(q[3], q[2])]) }
    }
}
