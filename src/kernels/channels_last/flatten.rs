//! Images to flat samples and back: channels last to channel by channel, as PyTorch flattens.

use super::super::parts;
use super::super::team::Team;
use super::Image;

/// Channels that are moved at once: a row of them for several pixels fits into the first cache.
const CHANNELS: usize = 16;

/// Images of `channels` channels that count, to rows of `row` values in memory.
///
/// # Panics
/// If a slice is too short.
pub fn flatten(
    team: &mut Team,
    samples: usize,
    image: &Image,
    channels: usize,
    x: &[f32],
    row: usize,
    y: &mut [f32],
) {
    let pixels = image.size[0] * image.size[1];
    parts::for_each(team, samples, [(y, row)], |sample, [y]| {
        let x = &x[sample * image.len()..][..image.len()];
        for_each_block(image, channels, |pixel, from, block, count| {
            let values = &x[from..from + count];
            for (channel, &value) in values.iter().enumerate() {
                y[(block + channel) * pixels + pixel] = value;
            }
        });
    });
}

/// Rows back to images, for the gradient; borders and channels that do not count stay as they are.
///
/// # Panics
/// If a slice is too short.
pub fn unflatten(
    team: &mut Team,
    samples: usize,
    image: &Image,
    channels: usize,
    y: &[f32],
    row: usize,
    x: &mut [f32],
) {
    let pixels = image.size[0] * image.size[1];
    parts::for_each(team, samples, [(x, image.len())], |sample, [x]| {
        let y = &y[sample * row..][..channels * pixels];
        for_each_block(image, channels, |pixel, to, block, count| {
            for (channel, value) in x[to..to + count].iter_mut().enumerate() {
                *value = y[(block + channel) * pixels + pixel];
            }
        });
    });
}

/// Visits some channels of each pixel: the pixel's number, where the channels are, the first channel
/// and how many.
#[inline(always)]
fn for_each_block(image: &Image, channels: usize, mut visit: impl FnMut(usize, usize, usize, usize)) {
    for block in (0..channels).step_by(CHANNELS) {
        let count = CHANNELS.min(channels - block);
        for row in 0..image.size[0] {
            for column in 0..image.size[1] {
                visit(row * image.size[1] + column, image.pixel(row, column) + block, block, count);
            }
        }
    }
}
