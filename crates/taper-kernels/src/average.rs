//! Moving averages of parameters.

use crate::simd::disjoint::Disjoint;
use crate::simd::lanes::{self, Isa, Kernel, Lanes, WIDTH};
use crate::simd::team::Team;

/// The number of values that one thread updates at a time. It is fixed and a multiple of the lanes; results do not depend on it.
const CHUNK: usize = 16 * 1024;

/// Each average becomes `shares[0]` times itself plus `shares[1]` times its value.
///
/// # Panics
/// If the lengths differ, or the machine does not have the instructions of `isa`.
pub fn blend(team: &mut Team, isa: Isa, averages: &mut [f32], values: &[f32], shares: [f32; 2]) {
    assert!(isa.available(), "{isa:?}");
    assert_eq!(averages.len(), values.len(), "a value for each average");
    let (parts, len) = (averages.len().div_ceil(CHUNK), averages.len());
    let averages = Disjoint::new(averages);
    team.run(parts, |part, _| {
        let range = part * CHUNK..len.min((part + 1) * CHUNK);
        // SAFETY: parts do not overlap; the machine has the instructions, as checked above.
        unsafe {
            let own = averages.part(range.clone());
            lanes::run(isa, Blend { averages: own, values: &values[range], shares });
        }
    });
}

/// One run of values.
struct Blend<'a> {
    averages: &'a mut [f32],
    values: &'a [f32],
    shares: [f32; 2],
}

impl Kernel for Blend<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { averages, values, shares } = self;
        assert_eq!(averages.len(), values.len(), "a value for each average");
        // SAFETY: the caller guarantees the instructions; vectors start below the number of whole vectors, and `count` values
        // are left after them in both slices.
        unsafe {
            let [kept, added] = [L::splat(shares[0]), L::splat(shares[1])];
            let (to, from) = (averages.as_mut_ptr(), values.as_ptr());
            let (whole, count) = (averages.len() / WIDTH * WIDTH, averages.len() % WIDTH);
            for at in (0..whole).step_by(WIDTH) {
                let new = L::load(from.add(at)) * added;
                L::load(to.add(at)).mul_add(kept, new).store(to.add(at));
            }
            if count > 0 {
                let new = L::load_first(from.add(whole), count) * added;
                L::load_first(to.add(whole), count).mul_add(kept, new).store_first(to.add(whole), count);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn any_number_of_threads_and_every_instruction_set_give_the_same_bits() {
        for len in [0, 1, 15, 16, 17, CHUNK + 5, 2 * CHUNK] {
            let mut stream = Stream::new([7, len as u64]);
            let mut random = || (0..len).map(|_| stream.uniform_in(-2.0, 2.0) as f32).collect::<Vec<_>>();
            let (averages, values) = (random(), random());
            let pairs = averages.iter().zip(&values);
            let expected: Vec<f32> = pairs.map(|(own, value)| own.mul_add(0.9, value * 0.1)).collect();
            for isa in Isa::all() {
                for threads in 1..4 {
                    let mut found = averages.clone();
                    blend(&mut Team::new(threads), isa, &mut found, &values, [0.9, 0.1]);
                    assert_eq!(found, expected, "{isa:?}, {threads} threads, {len} values");
                }
            }
        }
    }

    #[test]
    fn shares_of_0_and_1_copy_the_bits() {
        let (mut averages, values) = (vec![3.0, -7.0, 0.1], [0.3, 1e-3, -5.5]);
        blend(&mut Team::new(1), Isa::detect(), &mut averages, &values, [1.0, 0.0]);
        assert_eq!(averages, [3.0, -7.0, 0.1]);
        blend(&mut Team::new(1), Isa::detect(), &mut averages, &values, [0.0, 1.0]);
        assert_eq!(averages, values);
    }
}
