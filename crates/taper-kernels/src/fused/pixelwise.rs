//! Functions of the values of a pixel, sixteen channels at a time, from and to any layouts.

use super::Grid;
use crate::simd::disjoint::Disjoint;
use crate::simd::holds;
use crate::simd::lanes::{self, Isa, Kernel, Lanes, WIDTH, array};
use crate::simd::team::Team;

/// A function of `N` values, which may depend on the channel.
pub trait Function<const N: usize>: Sync {
    /// Sixteen channels from `channel` on.
    ///
    /// # Safety
    /// The machine must have the instruction set of `L`.
    unsafe fn value<L: Lanes>(&self, channel: usize, inputs: [L; N]) -> L;
}

/// Computes `function` for all channels of the pixels of `samples` samples; padding is unchanged.
///
/// # Panics
/// If a slice is too short, or the layouts differ in their pixels or channels.
pub fn map<const N: usize>(
    (team, isa): (&mut Team, Isa),
    samples: usize,
    function: &impl Function<N>,
    inputs: [(&Grid, &[f32]); N],
    (output, y): (&Grid, &mut [f32]),
) {
    assert!(isa.available(), "{isa:?}");
    assert!(output.is_consistent() && inputs.iter().all(|(grid, _)| grid.is_consistent()), "layouts");
    assert!(holds(y.len(), &[samples, output.len()]), "outputs");
    for (grid, values) in &inputs {
        assert!(holds(values.len(), &[samples, grid.len()]), "inputs");
        assert_eq!((grid.channels, grid.image.size), (output.channels, output.image.size), "layouts");
    }
    let y = Disjoint::new(y);
    team.run(samples, |sample, _| {
        let work = Pixelwise {
            function,
            inputs: inputs.map(|(grid, values)| (grid, grid.sample(values, sample).as_ptr())),
            output: (output, y.at(sample * output.len())),
        };
        // SAFETY: the slices were checked to hold the layouts, and every sample has its own output.
        unsafe { lanes::run(isa, work) }
    });
}

/// The work on one sample.
struct Pixelwise<'a, F, const N: usize> {
    function: &'a F,
    inputs: [(&'a Grid, *const f32); N],
    output: (&'a Grid, *mut f32),
}

impl<F: Function<N>, const N: usize> Kernel for Pixelwise<'_, F, N> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let (grid, to) = self.output;
        let [height, width] = grid.image.size;
        // SAFETY: the caller guarantees samples in these layouts.
        unsafe {
            for row in 0..height {
                let mut from = array!([self.inputs[0].1; N] i => {
                    self.inputs[i].1.add(self.inputs[i].0.image.pixel(row, 0))
                });
                let mut to = to.add(grid.image.pixel(row, 0));
                for _ in 0..width {
                    let mut channel = 0;
                    while channel + WIDTH <= grid.channels {
                        let values = array!([L::splat(0.0); N] i => L::load(from[i].add(channel)));
                        self.function.value(channel, values).store(to.add(channel));
                        channel += WIDTH;
                    }
                    let rest = grid.channels - channel;
                    if rest > 0 {
                        let values =
                            array!([L::splat(0.0); N] i => L::load_first(from[i].add(channel), rest));
                        self.function.value(channel, values).store_first(to.add(channel), rest);
                    }
                    // There may be no memory after the last pixel.
                    from = array!([from[0]; N] i => from[i].wrapping_add(self.inputs[i].0.image.channels));
                    to = to.wrapping_add(grid.image.channels);
                }
            }
        }
    }
}
