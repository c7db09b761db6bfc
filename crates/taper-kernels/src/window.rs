//! The geometry of a sliding window: size, stride and padding of convolution and pooling.

/// The positions of a window over images of one size. `[height, width]` throughout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The size of the image.
    pub input: [usize; 2],
    /// The size of the window.
    pub kernel: [usize; 2],
    /// The stride of the window.
    pub stride: [usize; 2],
    /// The padding above and left of the image.
    pub before: [usize; 2],
    /// The number of windows along each axis.
    pub output: [usize; 2],
}

impl Window {
    /// Windows that lie inside the image: `floor((input - kernel) / stride) + 1` of them.
    ///
    /// # Errors
    /// A message if a size is 0 or the window is larger than the image.
    pub fn valid(input: [usize; 2], kernel: [usize; 2], stride: [usize; 2]) -> Result<Self, String> {
        check_sizes(input, kernel, stride)?;
        if kernel[0] > input[0] || kernel[1] > input[1] {
            return Err(format!(
                "a window of {} x {} does not fit into an image of {} x {}; make it smaller, or use `padding = \"same\"`",
                kernel[0], kernel[1], input[0], input[1]
            ));
        }
        let output = [0, 1].map(|axis| (input[axis] - kernel[axis]) / stride[axis] + 1);
        Ok(Self { input, kernel, stride, before: [0, 0], output })
    }

    /// Windows that cover the whole image: `ceil(input / stride)` of them. Odd padding puts the larger part
    /// at the bottom and right, as in Keras.
    ///
    /// # Errors
    /// A message if a size is 0 or overflows.
    pub fn same(input: [usize; 2], kernel: [usize; 2], stride: [usize; 2]) -> Result<Self, String> {
        check_sizes(input, kernel, stride)?;
        let output = [0, 1].map(|axis| input[axis].div_ceil(stride[axis]));
        let mut before = [0, 0];
        for axis in [0, 1] {
            // The last window starts before the image's end, so the padding is below the kernel's size.
            let covered = ((output[axis] - 1) * stride[axis])
                .checked_add(kernel[axis])
                .ok_or_else(|| format!("a window of {} x {} is too large", kernel[0], kernel[1]))?;
            before[axis] = covered.saturating_sub(input[axis]) / 2;
        }
        Ok(Self { input, kernel, stride, before, output })
    }

    /// The rows (axis 0) or columns (axis 1) that window `index` covers, excluding padding.
    #[must_use]
    pub fn covered(&self, axis: usize, index: usize) -> std::ops::Range<usize> {
        let start = index * self.stride[axis];
        let end = (start + self.kernel[axis]).saturating_sub(self.before[axis]).min(self.input[axis]);
        start.saturating_sub(self.before[axis])..end
    }

    /// The windows whose pixel at `offset` along `axis` lies inside the image.
    #[must_use]
    pub fn inside(&self, axis: usize, offset: usize) -> std::ops::Range<usize> {
        let (before, stride) = (self.before[axis], self.stride[axis]);
        let start = before.saturating_sub(offset).div_ceil(stride);
        let end = (self.input[axis] + before).saturating_sub(offset).div_ceil(stride);
        let end = end.min(self.output[axis]);
        start.min(end)..end
    }

    /// The padding after the image's end along `axis`.
    #[must_use]
    pub fn after(&self, axis: usize) -> usize {
        let covered = (self.output[axis] - 1) * self.stride[axis] + self.kernel[axis];
        covered.saturating_sub(self.before[axis] + self.input[axis])
    }

    /// Whether windows and pixels correspond one to one.
    #[must_use]
    pub fn is_pointwise(&self) -> bool {
        self.kernel == [1, 1] && self.stride == [1, 1]
    }

    /// The number of pixels of the image.
    #[must_use]
    pub fn pixels(&self) -> usize {
        self.input[0] * self.input[1]
    }

    /// The number of windows.
    #[must_use]
    pub fn positions(&self) -> usize {
        self.output[0] * self.output[1]
    }
}

fn check_sizes(input: [usize; 2], kernel: [usize; 2], stride: [usize; 2]) -> Result<(), String> {
    for (what, sizes) in [("the image", input), ("the window", kernel), ("the strides", stride)] {
        if sizes.contains(&0) {
            return Err(format!("{what} must be at least 1 x 1, not {} x {}", sizes[0], sizes[1]));
        }
    }
    // Both, so that no position overflows.
    match input[0].checked_mul(input[1]) {
        Some(pixels) if isize::try_from(pixels).is_ok() => Ok(()),
        _ => Err(format!("an image of {} x {} pixels is too large", input[0], input[1])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_padding_puts_the_odd_row_at_the_end() -> Result<(), String> {
        let window = Window::same([5, 4], [2, 3], [2, 2])?;
        assert_eq!(window.output, [3, 2]);
        assert_eq!(window.before, [0, 0]);
        assert_eq!([window.after(0), window.after(1)], [1, 1]);
        let window = Window::same([28, 28], [3, 3], [1, 1])?;
        assert_eq!((window.output, window.before, window.after(0)), ([28, 28], [1, 1], 1));
        let window = Window::same([1, 1], [5, 4], [3, 1])?;
        assert_eq!((window.output, window.before, window.after(1)), ([1, 1], [2, 1], 2));
        Ok(())
    }

    #[test]
    fn every_window_covers_at_least_one_pixel() -> Result<(), String> {
        for (input, kernel, stride) in
            [(1, 7, 1), (2, 5, 3), (9, 2, 4), (10, 3, 7)].into_iter().chain((1..12).map(|n| (n, n, 2)))
        {
            let window = Window::same([input; 2], [kernel; 2], [stride; 2])?;
            for index in 0..window.output[0] {
                assert!(!window.covered(0, index).is_empty(), "{window:?} at {index}");
            }
        }
        Ok(())
    }

    #[test]
    fn windows_and_pixels_agree_on_what_lies_inside() -> Result<(), String> {
        for (input, kernel, stride) in [(5, 3, 1), (5, 3, 2), (4, 4, 3), (1, 6, 1), (7, 2, 5), (9, 1, 2)] {
            let window = Window::same([input; 2], [kernel; 2], [stride; 2])?;
            for index in 0..window.output[1] {
                let start = index * stride;
                for offset in 0..kernel {
                    let pixel = (start + offset).checked_sub(window.before[1]);
                    let inside = pixel.is_some_and(|pixel| window.covered(1, index).contains(&pixel));
                    assert_eq!(window.inside(1, offset).contains(&index), inside, "{window:?}");
                }
            }
        }
        Ok(())
    }

    #[test]
    fn impossible_sizes_are_explained() {
        assert!(Window::valid([2, 9], [3, 3], [1, 1]).is_err_and(|text| text.contains("2 x 9")));
        assert!(Window::valid([9, 9], [3, 3], [0, 1]).is_err_and(|text| text.contains("strides")));
        assert!(Window::same([9, 9], [0, 3], [1, 1]).is_err_and(|text| text.contains("window")));
        assert!(Window::same([usize::MAX, 2], [1, 1], [1, 1]).is_err());
        assert!(Window::same([9, 9], [usize::MAX, 1], [2, 1]).is_err());
    }
}
