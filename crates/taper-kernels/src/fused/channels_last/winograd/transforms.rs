//! The transforms along one axis, for tiles of `N` pixels and `N - 2` outputs.
//!
//! F(2, 3) evaluates polynomials at the points 0, 1, -1 and infinity; F(4, 3) at 2 and -2 as well. The matrices are those of the
//! paper's equations 4 and 13, and of its section 4.3.

use crate::simd::lanes::Lanes;

/// The small tile, and the one with four outputs along an axis.
pub const SMALL: usize = 4;
pub const LARGE: usize = 6;

/// `Bᵀ` times a column of pixels.
#[inline(always)]
pub fn pixels<L: Lanes, const N: usize>(d: [L; N]) -> [L; N] {
    let mut to = d;
    if N == SMALL {
        to[0] = d[0] - d[2];
        to[1] = d[1] + d[2];
        to[2] = d[2] - d[1];
        to[3] = d[1] - d[3];
    } else {
        let (minus_four, minus_five) = (d[0].splat_like(-4.0), d[0].splat_like(-5.0));
        let (four, two) = (d[0].splat_like(4.0), d[0].splat_like(2.0));
        let (even, odd) = (d[2].mul_add(minus_four, d[4]), d[1].mul_add(minus_four, d[3]));
        let (near, far) = (d[4] - d[2], (d[3] - d[1]) * two);
        to[0] = d[0].mul_add(four, d[2].mul_add(minus_five, d[4]));
        to[1] = even + odd;
        to[2] = even - odd;
        to[3] = near + far;
        to[4] = near - far;
        to[5] = d[1].mul_add(four, d[3].mul_add(minus_five, d[5]));
    }
    to
}

/// `Aᵀ` times a column of products.
#[inline(always)]
pub fn outputs<L: Lanes, const N: usize, const M: usize>(m: [L; N]) -> [L; M] {
    let mut to = [m[0]; M];
    if N == SMALL {
        to[0] = m[0] + m[1] + m[2];
        to[1] = m[1] - m[2] - m[3];
    } else {
        let (one, one_odd) = (m[1] + m[2], m[1] - m[2]);
        let (two, two_odd) = (m[3] + m[4], m[3] - m[4]);
        to[0] = m[0] + one + two;
        to[1] = two_odd.mul_add(m[0].splat_like(2.0), one_odd);
        to[2] = two.mul_add(m[0].splat_like(4.0), one);
        to[3] = two_odd.mul_add(m[0].splat_like(8.0), one_odd) + m[5];
    }
    to
}

/// `G` times a column of weights.
#[inline(always)]
pub fn weights<L: Lanes, const N: usize>(g: [L; 3]) -> [L; N] {
    let mut to = [g[0]; N];
    if N == SMALL {
        let half = g[0].splat_like(0.5);
        let (outer, inner) = ((g[0] + g[2]) * half, g[1] * half);
        to[1] = outer + inner;
        to[2] = outer - inner;
        to[3] = g[2];
    } else {
        let (sixth, twenty_fourth) = (g[0].splat_like(-1.0 / 6.0), g[0].splat_like(1.0 / 24.0));
        let (outer, inner) = (g[0] + g[2], g[1] + g[1]);
        let far = g[2].mul_add(g[0].splat_like(4.0), g[0]);
        to[0] = g[0] * g[0].splat_like(0.25);
        to[1] = (outer + g[1]) * sixth;
        to[2] = (outer - g[1]) * sixth;
        to[3] = (far + inner) * twenty_fourth;
        to[4] = (far - inner) * twenty_fourth;
        to[5] = g[2];
    }
    to
}

/// `A` times a column of gradients of outputs, for small tiles.
#[inline(always)]
pub fn gradients<L: Lanes>([a, b]: [L; 2]) -> [L; SMALL] {
    [a, a + b, a - b, b.splat_like(0.0) - b]
}

/// `Gᵀ` times a column of sums, for small tiles.
#[inline(always)]
pub fn sums<L: Lanes>([a, b, c, d]: [L; SMALL]) -> [L; 3] {
    let half = a.splat_like(0.5);
    let (sum, difference) = ((b + c) * half, (b - c) * half);
    [a + sum, difference, sum + d]
}
