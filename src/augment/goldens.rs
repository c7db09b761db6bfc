//! Operations compared with those of torchvision and `SciPy` (`tests/golden/make_augmentations.py`).

use serde::Deserialize;

use super::image::bell;
use super::{Border, Config, Image, brightness, colors, rotate, shear};
use crate::data::Features;
use crate::shape::Shape;
use taper_kernels::augment::Blur;
use taper_kernels::simd::lanes::Isa;

#[derive(Deserialize)]
struct Goldens {
    images: Vec<Pixels>,
    cases: Vec<Case>,
    noise: Vec<f32>,
    smooth: Vec<f32>,
}

#[derive(Deserialize)]
struct Pixels {
    shape: [usize; 3],
    pixels: Vec<u8>,
}

#[derive(Deserialize)]
struct Case {
    image: usize,
    operation: String,
    options: Vec<f64>,
    result: Vec<f32>,
}

fn goldens() -> Goldens {
    let text = include_str!("../../tests/golden/augmentations.json");
    serde_json::from_str(text).expect("goldens")
}

fn change(image: &mut Image, operation: &str, options: &[f64]) {
    let [height, width] = image.size().map(|size| size as f64 - 1.0);
    let tangents = || [0, 1].map(|i| libm::tan(options[i].to_radians()));
    match operation {
        "rotate" | "fill" => rotate::rotate(image, options[0]),
        "scale" => image.transform_about_center([[1.0 / options[0], 0.0], [0.0, 1.0 / options[0]]]),
        "shear" => shear::shear(image, tangents()),
        "shift" => image.transform([[1.0, 0.0, -options[0]], [0.0, 1.0, -options[1]]]),
        "flip" if options[0] == 0.0 => image.transform([[-1.0, 0.0, width], [0.0, 1.0, 0.0]]),
        "flip" => image.transform([[1.0, 0.0, 0.0], [0.0, -1.0, height]]),
        "brightness" => brightness::brighten(image, options[0]),
        "contrast" => colors::contrast(image, options[0]),
        "saturation" => colors::saturation(image, options[0]),
        "sharpness" => colors::sharpness(image, options[0]),
        "posterize" => colors::posterize(image, options[0] as u32),
        "solarize" => colors::solarize(image, options[0]),
        "auto_contrast" => colors::auto_contrast(image),
        "equalize" => colors::equalize(image),
        other => panic!("{other}"),
    }
}

#[test]
fn operations_agree_with_torchvision() {
    let Goldens { images, cases, .. } = goldens();
    for Case { image, operation, options, result } in cases {
        let Pixels { shape, pixels } = &images[image];
        let fill = if operation == "fill" { options[1] } else { 0.0 };
        let config = Config { operations: Vec::new(), border: Border::Constant, fill, until: 1.0 };
        let mut own = Image::new(&Shape::from(*shape), &config);
        own.load(&Features::Bytes(pixels.clone()), 0);
        change(&mut own, &operation, &options);
        let differences: Vec<f32> =
            own.values().iter().zip(&result).map(|(own, other)| (own - other).abs()).collect();
        assert_eq!(differences.len(), pixels.len());
        let mean = differences.iter().sum::<f32>() / differences.len() as f32;
        let most = differences.iter().copied().fold(0.0, f32::max);
        assert!(mean < 0.005 && most < 0.05, "{operation} {options:?} of image {image}: {mean}, {most}");
    }
}

#[test]
fn elastic_offsets_are_smoothed_as_by_scipy() {
    let Goldens { mut noise, smooth, .. } = goldens();
    Blur::new(bell(4.0)).run(Isa::detect(), &mut noise, [28, 28]);
    for (own, other) in noise.iter().zip(&smooth) {
        assert!((own - other).abs() < 1e-6, "{own} {other}");
    }
}
