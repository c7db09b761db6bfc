//! The order in which the forward pass visits the pixels of an image.

use super::Image;

/// The output pixels of one image in groups of four, so that few addresses cover them all.
#[derive(Clone, Debug)]
pub struct Groups {
    pub starts: Vec<Start>,
    /// The number of each.
    pub all: Vec<usize>,
    /// Offsets from the start to each of the four, in the input.
    pub input: [usize; 4],
    /// The same in the output.
    pub output: [usize; 4],
    /// How many more rows, and values of each row, than one filter the four filters of a group cover.
    pub reach: [usize; 2],
}

/// The start of a group.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// The first value under the first pixel's filter.
    pub input: usize,
    /// The offset of its output.
    pub output: usize,
    /// The filter rows that overlap the image for any of the pixels; the border is 0.
    pub rows: [usize; 2],
}

/// The rows of a filter that overlap the image, at positions `row` to `last`.
///
/// A non-finite weight that would meet only zeros of the border is then never multiplied, so no output
/// shows it. It is still found: the following update checks every weight ([`watch`](crate::rule::watch)),
/// and a checkpoint with such a weight is refused.
fn rows_inside(input: &Image, height: usize, row: usize, last: usize) -> [usize; 2] {
    let start = input.before[0].saturating_sub(last);
    let end = (input.before[0] + input.size[0]).saturating_sub(row);
    [start.min(height), end.min(height)]
}

impl Groups {
    /// Groups along the rows; the last group of a row overlaps the one before unless the width is a
    /// multiple of four. `height` is the filter's height, `step` its stride in pixels.
    #[must_use]
    pub fn along_rows(input: &Image, height: usize, step: [usize; 2], output: &Image) -> Self {
        let pixels = output.size.map(|count| (0, count));
        Self::spaced([input, output], height, [0; 2], step, pixels, [1; 2])
    }

    /// Groups of every `spacing`-th pixel of the outputs: the first and the number of them along each axis. The filters move by
    /// one pixel from `origin` on, in memory.
    #[must_use]
    pub fn of_class(
        input: &Image,
        height: usize,
        origin: [usize; 2],
        output: &Image,
        pixels: [(usize, usize); 2],
        spacing: [usize; 2],
    ) -> Self {
        Self::spaced([input, output], height, origin, [1; 2], pixels, spacing)
    }

    fn spaced(
        [input, output]: [&Image; 2],
        filter_height: usize,
        origin: [usize; 2],
        step: [usize; 2],
        [(top, height), (left, width)]: [(usize, usize); 2],
        spacing: [usize; 2],
    ) -> Self {
        let offset = |i: usize| i.min(width.saturating_sub(1));
        let columns = (0..width.div_ceil(4)).map(|i| (4 * i).min(width.saturating_sub(4)));
        let starts = (0..height).flat_map(|row| columns.clone().map(move |column| (row, column)));
        let at = |(row, column): (usize, usize)| {
            let [y, x] = [origin[0] + row * step[0], origin[1] + column * step[1]];
            let pixel = output.pixel(top + row * spacing[0], left + column * spacing[1]);
            let rows = rows_inside(input, filter_height, y, y);
            Start { input: y * input.row() + x * input.channels, output: pixel, rows }
        };
        let starts: Vec<_> = starts.map(at).collect();
        Self {
            all: (0..starts.len()).collect(),
            starts,
            input: std::array::from_fn(|i| offset(i) * step[1] * input.channels),
            output: std::array::from_fn(|i| offset(i) * spacing[1] * output.channels),
            reach: [0, offset(3) * step[1] * input.channels],
        }
    }

    /// Windows of 2x2 pixels, each pooled into one pixel of `output`.
    #[must_use]
    pub fn windows(input: &Image, height: usize, step: [usize; 2], output: &Image) -> Self {
        let filter_height = height;
        let [down, right] = [step[0] * input.row(), step[1] * input.channels];
        let [height, width] = output.size;
        let starts = (0..height).flat_map(|row| (0..width).map(move |column| (row, column)));
        let at = |(row, column)| {
            let rows = rows_inside(input, filter_height, 2 * row * step[0], (2 * row + 1) * step[0]);
            let first = 2 * row * down + 2 * column * right;
            Start { input: first, output: output.pixel(row, column), rows }
        };
        let starts: Vec<_> = starts.map(at).collect();
        let all = (0..starts.len()).collect();
        let (input, reach) = ([0, right, down, down + right], [step[0], right]);
        Self { starts, all, input, output: [0; 4], reach }
    }
}
