//! Options shared by convolution and pooling.

use serde::{Deserialize, Serialize};

use crate::shape::Shape;
use taper_kernels::window::Window;

/// A height and a width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Size {
    /// The same for both.
    Square(#[schemars(range(min = 1, max = 1_000_000))] usize),
    /// `[height, width]`.
    Sides(#[schemars(inner(range(min = 1, max = 1_000_000)))] [usize; 2]),
}

impl Size {
    /// Height and width.
    #[must_use]
    pub fn sides(self) -> [usize; 2] {
        match self {
            Self::Square(side) => [side, side],
            Self::Sides(sides) => sides,
        }
    }
}

/// How the edge of the image is handled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Padding {
    /// Windows stay inside the image; rows and columns left over at the end are ignored.
    #[default]
    Valid,
    /// The image is padded so that there are ceil(size / stride) windows; odd padding puts the larger part
    /// at the bottom and right.
    Same,
}

/// Channels and windows of an image of shape `input`, or a message that says why it is unsupported.
pub(super) fn slide(
    layer: &str,
    input: &Shape,
    kernel: Size,
    strides: Size,
    padding: Padding,
) -> Result<(usize, Window), String> {
    let Some([channels, height, width]) = input.image() else {
        return Err(format!("{layer} needs images (channels x height x width), not {input}"));
    };
    let (size, kernel, strides) = ([height, width], kernel.sides(), strides.sides());
    let window = match padding {
        Padding::Valid => Window::valid(size, kernel, strides),
        Padding::Same => Window::same(size, kernel, strides),
    };
    Ok((channels, window?))
}

#[cfg(test)]
mod tests {
    use crate::config::{Input, load, schema};
    use crate::layers::{Size, conv2d};

    fn read(text: &str) -> Result<conv2d::Config, String> {
        let input = Input { name: "a.toml".to_owned(), text: text.into(), ..Input::default() };
        load(&input, &schema::<conv2d::Config>(), &[], |_, _| {}).map_err(|error| error.to_string())
    }

    #[test]
    fn a_size_is_one_number_or_two() {
        let config = read("filters = 3\nkernel_size = [3, 5]\nstrides = 2").expect("is valid");
        assert_eq!(config.kernel_size, Size::Sides([3, 5]));
        assert_eq!((config.kernel_size.sides(), config.strides.sides()), ([3, 5], [2, 2]));
    }

    #[test]
    fn a_wrong_size_is_explained() {
        for (size, words) in [
            ("0", "must be at least 1"),
            ("[3, 0]", "must be at least 1"),
            ("[3]", "at least 2 elements"),
            ("[3, 3, 3]", "at most 2 elements"),
            ("\"3\"", "expected an integer or an array, found the string"),
            ("1.5", "expected an integer or an array, found `1.5`"),
            ("[3, true]", "found `true`"),
        ] {
            let error = read(&format!("filters = 1\nkernel_size = {size}")).expect_err(size);
            assert!(error.contains(words), "{size}: {error}");
        }
        assert!(read("filters = 1\nkernel_size = 3\npadding = \"full\"").is_err_and(|e| e.contains("full")));
    }
}
