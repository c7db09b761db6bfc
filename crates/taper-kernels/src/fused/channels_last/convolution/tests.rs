//! A convolution that flattens its outputs against one with the flattening after it.

use super::{BackwardPass, Convolution, ForwardPass};
use crate::fused::channels_last::{Flattening, Image, padded};
use crate::random::Stream;
use crate::simd::arena::Arena;
use crate::simd::lanes::{Isa, WIDTH};
use crate::simd::team::Team;
use crate::window::Window;

const SAMPLES: usize = if cfg!(miri) { 2 } else { 5 };

/// Numbers of threads.
const THREADS: &[usize] = if cfg!(miri) { &[1, 2] } else { &[1, 2, 3] };

fn normals(stream: &mut Stream, len: usize) -> Arena {
    let mut values = Arena::new(len);
    values.iter_mut().for_each(|value| *value = stream.normal() as f32);
    values
}

/// A pooled convolution of 3x3 filters with relu or a leaky one.
struct Layer {
    channels: usize,
    filters: usize,
    side: usize,
    slope: f32,
}

impl Layer {
    fn kernel(&self) -> Convolution {
        let window = Window::valid([self.side; 2], [3, 3], [1, 1]).expect("a window");
        // Images of one channel have winners; the others have whole vectors, and from 16 channels on, Winograd's algorithm is used.
        let channels = if self.channels == 1 { 1 } else { padded(self.channels) };
        let input = Image::new(channels, [self.side; 2]);
        Convolution::new(&window, self.filters, self.channels, input, true, [[0; 2]; 2])
    }

    /// Outputs and the gradients of filters, bias and images, from `gradient` of the outputs.
    fn results(&self, kernel: &Convolution, team: &mut Team, isa: Isa, gradient: &[f32]) -> [Vec<f32>; 4] {
        let (mut stream, inner) = (Stream::new([1, 2]), self.channels > 1);
        let x = normals(&mut stream, SAMPLES * kernel.input().len());
        let weight = normals(&mut stream, 9 * self.channels * self.filters);
        let bias = normals(&mut stream, kernel.output().channels);
        let [mut packed, mut transposed] = [kernel.packed_len(), kernel.transposed_len()].map(Arena::new);
        let mut y = Arena::new(gradient.len());
        let mut argmax = vec![255; SAMPLES * kernel.argmax()];
        let mut workspace = Arena::new(team.threads() * kernel.workspace_len(true));
        workspace.fill(f32::NAN);
        kernel.pack(team, isa, &weight, &mut packed);
        let slope = Some(self.slope);
        let (weights, bias) = (&packed[..], Some(&bias[..]));
        let (y_of, argmax_of, memory) = (&mut y[..], &mut argmax[..], &mut workspace[..]);
        let pass = ForwardPass { x: &x, weights, bias, slope, y: y_of, argmax: argmax_of, workspace: memory };
        kernel.forward(team, isa, SAMPLES, pass);
        if inner {
            kernel.pack_transposed(team, isa, &weight, &mut transposed);
        }
        let (mut weight_gradient, mut bias_gradient) = (vec![0.0; weight.len()], vec![0.0; self.filters]);
        let mut dx = Arena::new(if inner { x.len() } else { 0 });
        let pass = BackwardPass {
            x: &x,
            y: &[],
            gradient,
            slope,
            argmax: &argmax,
            transposed: &transposed,
            x_gradient: inner.then_some(&mut dx[..]),
            delta: &mut Arena::new(team.threads() * kernel.delta_len()),
            workspace: &mut workspace,
            sums: &mut Arena::new(kernel.sums_len(SAMPLES)),
            weight_gradient: &mut weight_gradient,
            bias_gradient: &mut bias_gradient,
        };
        kernel.backward(team, isa, SAMPLES, pass);
        [y.to_vec(), weight_gradient, bias_gradient, dx.to_vec()]
    }
}

#[test]
fn flattening_in_the_convolution_changes_no_bit() {
    let layer = |channels, filters, side, slope| Layer { channels, filters, side, slope };
    for layer in [layer(1, 20, 9, 0.0), layer(3, 5, 8, 0.2), layer(16, 32, 12, 0.0)] {
        let kernel = layer.kernel();
        let image = *kernel.output();
        let values = layer.filters * image.size[0] * image.size[1];
        let row = values.next_multiple_of(WIDTH);
        let flattening = Flattening::new(&image, layer.filters, row);
        let mut rows = normals(&mut Stream::new([3, 4]), SAMPLES * row);
        // What follows a sample's values is not read.
        rows.chunks_exact_mut(row).for_each(|row| row[values..].fill(f32::NAN));
        for (isa, threads) in Isa::all().flat_map(|isa| THREADS.iter().map(move |threads| (isa, *threads))) {
            let mut team = Team::new(threads);
            let mut images = Arena::new(SAMPLES * image.len());
            flattening.backward(&mut team, isa, SAMPLES, &rows, &mut images);
            let [y, filters, bias, dx] = layer.results(&kernel, &mut team, isa, &images);
            let mut flat = vec![0.0; rows.len()];
            flattening.forward(&mut team, isa, SAMPLES, &y, &mut flat);
            let found = layer.results(&layer.kernel().flattened(row), &mut team, isa, &rows);
            assert!(found == [flat, filters, bias, dx], "{image:?} with {isa:?}");
        }
    }
}

#[test]
#[should_panic(expected = "outputs are needed as images")]
fn outputs_that_are_not_pooled_cannot_be_flattened() {
    let window = Window::valid([5; 2], [3, 3], [1, 1]).expect("a window");
    let kernel = Convolution::new(&window, 16, 1, Image::new(1, [5; 2]), false, [[0; 2]; 2]);
    let _ = kernel.flattened(144);
}
