//! Filters from PyTorch's order into that in which the products read them.

use super::super::lanes::WIDTH;

/// Filters `[filters, channels, height, width]` as `[taps, 16]` for panel `panel` of sixteen output
/// channels, where taps are height, width and `stride` channels of the image.
///
/// # Panics
/// If a slice is too short.
pub fn pack(
    weight: &[f32],
    [filters, channels, height, width]: [usize; 4],
    stride: usize,
    panel: usize,
    packed: &mut [f32],
) {
    packed.fill(0.0);
    let plane = height * width;
    for (lane, f) in (panel * WIDTH..filters.min((panel + 1) * WIDTH)).enumerate() {
        let filter = &weight[f * channels * plane..][..channels * plane];
        for (channel, filter) in filter.chunks_exact(plane).enumerate() {
            for (pixel, &value) in filter.iter().enumerate() {
                packed[(pixel * stride + channel) * WIDTH + lane] = value;
            }
        }
    }
}

/// The same filters turned by half a circle, with inputs and outputs exchanged, for the gradient of
/// the input: `[taps, 16]` for panel `panel` of sixteen input channels, where taps are height, width
/// and `stride` output channels.
///
/// # Panics
/// If a slice is too short.
pub fn pack_turned(
    weight: &[f32],
    [filters, channels, height, width]: [usize; 4],
    stride: usize,
    panel: usize,
    packed: &mut [f32],
) {
    packed.fill(0.0);
    let plane = height * width;
    for (f, filter) in weight.chunks_exact(channels * plane).take(filters).enumerate() {
        for (lane, channel) in (panel * WIDTH..channels.min((panel + 1) * WIDTH)).enumerate() {
            for (pixel, &value) in filter[channel * plane..][..plane].iter().enumerate() {
                packed[((plane - 1 - pixel) * stride + f) * WIDTH + lane] = value;
            }
        }
    }
}
