//! The peak rates of this machine: multiply-adds and bytes read per second.
//!
//! No step can be faster than its operations at the first rate or its memory traffic at the second
//! (Williams, Waterman and Patterson, "Roofline", 2009). Both are measured on all threads of a team at
//! once, as in training.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::simd::arena::Arena;
use crate::simd::lanes::{Isa, Kernel, Lanes, WIDTH, run};
use crate::simd::team::Team;

/// Accumulators used in turn, so that none waits for the one before: as many as fit into the registers of
/// AVX-512, and of the other instruction sets.
const PRODUCTS: [usize; 2] = [24, 6];
/// The same for reading, where the loads alone should be the limit.
const READS: [usize; 2] = [8, 4];

/// Each thread's memory is a multiple of this number of values.
const BLOCK: usize = READS[0] * WIDTH;

/// Minimum duration of a timing, number of timings, number of timings of each size tried, and maximum work per timing. Many
/// short timings: if another process competes for a core, some of them still have all cores.
const TIMING: Duration = Duration::from_millis(3);
const TIMINGS: usize = 40;
const SEARCH: usize = 3;
const MAX_ROUNDS: usize = 1 << 40;

/// The rate of f32 operations in FLOP/s, where a multiply-add counts as two: the best of several timings of
/// fused multiply-adds on registers.
///
/// # Panics
/// If this machine does not have `isa`.
pub fn flops(isa: Isa, team: &mut Team) -> f64 {
    assert!(isa.available(), "{isa:?}");
    best(team, |_, rounds| {
        // SAFETY: the machine has the instructions.
        let (sum, operations) = unsafe { run(isa, Products { rounds }) };
        black_box(sum);
        operations
    })
}

/// The rate of reading in bytes/s when each thread repeatedly reads its own `bytes` bytes (rounded up to
/// whole blocks): the best of several timings.
///
/// # Panics
/// If this machine does not have `isa`.
pub fn bytes(isa: Isa, team: &mut Team, bytes: usize) -> f64 {
    assert!(isa.available(), "{isa:?}");
    let size = (bytes / size_of::<f32>()).next_multiple_of(BLOCK).max(BLOCK);
    let mut memory = Arena::new(size * team.threads());
    memory.fill(1.0); // memory never written to may map to a single page of zeros
    let memory = &memory[..];
    best(team, |part, rounds| {
        let values = black_box(&memory[part * size..(part + 1) * size]);
        // SAFETY: the machine has the instructions.
        let sum = unsafe { run(isa, Reads { values, rounds }) };
        black_box(sum);
        (size_of_val(values) * rounds) as u64
    })
}

/// The highest rate at which the team does `work`, which takes the part and the number of rounds and
/// returns the number of units done.
fn best(team: &mut Team, work: impl Fn(usize, usize) -> u64 + Sync) -> f64 {
    let threads = team.threads();
    let mut time = |rounds| {
        let done = AtomicU64::new(0);
        let start = Instant::now();
        team.run(threads, |part, _| {
            done.fetch_add(work(part, black_box(rounds)), Ordering::Relaxed);
        });
        (done.into_inner() as f64, start.elapsed())
    };
    let mut rounds = 1;
    // The shortest of several: a single pause would end the search at too few rounds to be timed accurately.
    while (0..SEARCH).map(|_| time(rounds).1).min() < Some(TIMING) && rounds < MAX_ROUNDS {
        rounds *= 2;
    }
    let rates = (0..TIMINGS).map(|_| {
        let (done, time) = time(rounds);
        done / time.as_secs_f64().max(1e-9)
    });
    rates.fold(0.0, f64::max)
}

/// Multiply-adds on registers; returns the sum and the number of operations.
struct Products {
    rounds: usize,
}

impl Kernel for Products {
    type Output = (f32, u64);

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) -> (f32, u64) {
        // SAFETY: guaranteed by the caller.
        unsafe {
            if const { L::TILE >= PRODUCTS[0] } {
                products::<L, { PRODUCTS[0] }>(self.rounds)
            } else {
                products::<L, { PRODUCTS[1] }>(self.rounds)
            }
        }
    }
}

#[inline(always)]
unsafe fn products<L: Lanes, const N: usize>(rounds: usize) -> (f32, u64) {
    // SAFETY: the caller guarantees that the machine has the instructions.
    let (factor, term) = unsafe { (L::splat(black_box(0.5)), L::splat(black_box(1.0))) };
    // Equal accumulators would be computed once.
    let mut sums: [L; N] = std::array::from_fn(|i| term.splat_like(black_box(i as f32)));
    for _ in 0..rounds {
        for sum in &mut sums {
            *sum = sum.mul_add(factor, term);
        }
    }
    (total(sums), (2 * WIDTH * N * rounds) as u64)
}

/// Reads all values `rounds` times and returns their sum.
struct Reads<'a> {
    values: &'a [f32],
    rounds: usize,
}

impl Kernel for Reads<'_> {
    type Output = f32;

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) -> f32 {
        // SAFETY: guaranteed by the caller.
        unsafe {
            if const { L::TILE >= PRODUCTS[0] } {
                reads::<L, { READS[0] }>(self)
            } else {
                reads::<L, { READS[1] }>(self)
            }
        }
    }
}

#[inline(always)]
unsafe fn reads<L: Lanes, const N: usize>(Reads { values, rounds }: Reads<'_>) -> f32 {
    // SAFETY: the caller guarantees that the machine has the instructions, and each chunk has the size that
    // is read.
    unsafe {
        let mut sums = [L::splat(0.0); N];
        for _ in 0..rounds {
            for block in values.chunks_exact(N * WIDTH) {
                for (i, sum) in sums.iter_mut().enumerate() {
                    *sum = *sum + L::load(block.as_ptr().add(i * WIDTH));
                }
            }
        }
        total(sums)
    }
}

#[inline(always)]
fn total<L: Lanes, const N: usize>(sums: [L; N]) -> f32 {
    sums.into_iter().map(L::sum).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_read_in_every_round() {
        let values: Vec<f32> = (0..2 * BLOCK).map(|i| (i % 7) as f32).collect();
        for isa in Isa::all() {
            // SAFETY: the machine has the instructions.
            let sum = unsafe { run(isa, Reads { values: &values, rounds: 3 }) };
            assert_eq!(sum, 3.0 * values.iter().sum::<f32>(), "{isa:?}");
        }
    }

    #[test]
    fn products_are_computed_and_counted() {
        for isa in Isa::all() {
            // SAFETY: the machine has the instructions.
            let run = |rounds| unsafe { run(isa, Products { rounds }) };
            let (none, one, many) = (run(0), run(1), run(100));
            let sums = (one.1 / 32) as f32;
            assert!(PRODUCTS.contains(&(sums as usize)) && many.1 == 100 * one.1, "{isa:?}");
            // s/2 + 1 once, and its fixed point 2, in all lanes.
            assert_eq!(one.0, none.0 / 2.0 + 16.0 * sums, "{isa:?}");
            assert_eq!(many.0, 2.0 * 16.0 * sums, "{isa:?}");
        }
    }

    #[test]
    fn rates_are_above_zero_for_any_number_of_threads() {
        for threads in [1, 2] {
            let mut team = Team::new(threads);
            let rates = [flops(Isa::detect(), &mut team), bytes(Isa::detect(), &mut team, 1)];
            assert!(rates.iter().all(|rate| rate.is_finite() && *rate > 0.0), "{rates:?}");
        }
    }
}
