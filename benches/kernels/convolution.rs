//! Convolutions of 3x3 with relu, without padding. Filters are packed in each call, as in each training
//! step; their update is a separate kernel.

use taper_kernels::fused::channels_last::{BackwardPass, Convolution, ForwardPass, Image, padded};
use taper_kernels::simd::arena::Arena;
use taper_kernels::window::Window;

use super::Case;
use super::values::{WORD, normals};

const KERNEL: usize = 3;
const TAPS: usize = KERNEL * KERNEL;

/// A layer of a network.
#[derive(Clone, Copy)]
struct Layer {
    samples: usize,
    channels: usize,
    filters: usize,
    side: usize,
    pooled: bool,
    /// Whether it follows another layer, which needs a gradient.
    inner: bool,
}

const LAYERS: [Layer; 4] = [
    Layer { samples: 32, channels: 1, filters: 32, side: 28, pooled: true, inner: false },
    Layer { samples: 64, channels: 32, filters: 64, side: 26, pooled: true, inner: true },
    Layer { samples: 64, channels: 64, filters: 128, side: 12, pooled: true, inner: true },
    Layer { samples: 64, channels: 3, filters: 32, side: 32, pooled: false, inner: false },
];

/// For teams of up to `threads`.
pub fn cases(threads: usize) -> Vec<Case> {
    LAYERS.into_iter().flat_map(|layer| [layer.forward(threads), layer.backward(threads)]).collect()
}

impl Layer {
    fn kernel(&self) -> Convolution {
        let side = [self.side; 2];
        let window = Window::valid(side, [KERNEL; 2], [1, 1]).expect("a window");
        // The network's input is read value by value, so its pixels are not padded to whole vectors.
        let channels = if self.inner { padded(self.channels) } else { self.channels };
        let input = Image::new(channels, side);
        Convolution::new(&window, self.filters, self.channels, input, self.pooled, [[0; 2]; 2])
    }

    fn shape(&self) -> String {
        let Self { samples, channels, filters, side, pooled, .. } = self;
        let pooled = if *pooled { ", pooled" } else { "" };
        format!("{channels}->{filters} at {side}x{side}{pooled}, batch {samples}")
    }

    fn weights(&self) -> usize {
        self.filters * self.channels * TAPS
    }

    /// Operations of one product: the forward one, or the gradient of the filters or the input.
    fn product(&self) -> usize {
        let output = self.side + 1 - KERNEL;
        2 * self.samples * output * output * self.weights()
    }

    fn forward(self, threads: usize) -> Case {
        let (kernel, samples) = (self.kernel(), self.samples);
        let x = normals(samples * kernel.input().len(), 1.0);
        let weight = normals(self.weights(), 0.05);
        let bias = normals(kernel.output().channels, 0.05);
        let mut packed = Arena::new(kernel.packed_len());
        let mut y = Arena::new(samples * kernel.output().len());
        let mut argmax = vec![0; samples * kernel.argmax()];
        let mut workspace = Arena::new(threads * kernel.workspace_len(false));
        let bytes = (x.len() + weight.len() + bias.len() + y.len()) * WORD + argmax.len();
        Case {
            kernel: "convolution forward",
            shape: self.shape(),
            flops: Some(self.product()),
            moved: bytes,
            memory: bytes,
            run: Box::new(move |team, isa| {
                kernel.pack(team, isa, &weight, &mut packed);
                let (bias, slope) = (Some(&bias[..]), Some(0.0));
                let (y, argmax) = (&mut y[..], &mut argmax[..]);
                let pass = ForwardPass {
                    x: &x,
                    weights: &packed,
                    bias,
                    slope,
                    y,
                    argmax,
                    workspace: &mut workspace,
                };
                kernel.forward(team, isa, samples, pass);
            }),
        }
    }

    fn backward(self, threads: usize) -> Case {
        let (kernel, samples) = (self.kernel(), self.samples);
        let x = normals(samples * kernel.input().len(), 1.0);
        let y = normals(samples * kernel.output().len(), 1.0);
        let gradient = normals(samples * kernel.output().len(), 0.03);
        let weight = normals(self.weights(), 0.05);
        // Any of the four may have been the maximum.
        let argmax: Vec<u8> = (0..samples * kernel.argmax()).map(|i| (i * 7 / 3 % 4) as u8).collect();
        let mut transposed = Arena::new(kernel.transposed_len());
        let mut delta = Arena::new(threads * kernel.delta_len());
        let mut workspace = Arena::new(threads * kernel.workspace_len(true));
        let mut sums = Arena::new(kernel.sums_len(samples));
        let mut weight_gradient = Arena::new(weight.len());
        let mut bias_gradient = Arena::new(self.filters);
        let mut x_gradient = self.inner.then(|| Arena::new(x.len()));
        let images = if self.inner { 2 * x.len() + weight.len() } else { x.len() };
        let values = images + y.len() + gradient.len() + weight.len() + self.filters;
        let bytes = values * WORD + argmax.len();
        Case {
            kernel: if self.inner {
                "convolution backward"
            } else {
                "convolution backward without input gradient"
            },
            shape: self.shape(),
            flops: Some(self.product() * if self.inner { 2 } else { 1 }),
            moved: bytes,
            memory: bytes,
            run: Box::new(move |team, isa| {
                if x_gradient.is_some() {
                    kernel.pack_transposed(team, isa, &weight, &mut transposed);
                }
                let pass = BackwardPass {
                    x: &x,
                    y: &y,
                    gradient: &gradient,
                    slope: Some(0.0),
                    argmax: &argmax,
                    transposed: &transposed,
                    x_gradient: x_gradient.as_deref_mut(),
                    delta: &mut delta,
                    workspace: &mut workspace,
                    sums: &mut sums,
                    weight_gradient: &mut weight_gradient,
                    bias_gradient: &mut bias_gradient,
                };
                kernel.backward(team, isa, samples, pass);
            }),
        }
    }
}
