//! Changes to the colors of an image, as torchvision defines them for tensors.

use super::Image;

/// The shares of red, green and blue in the luminance (ITU-R BT.601).
const SHARES: [f32; 3] = [0.2989, 0.587, 0.114];

/// The luminance of each pixel: of three channels as red, green and blue, otherwise their mean.
pub fn luminance(image: &mut Image) -> Vec<f32> {
    let [channels, height, width] = image.shape();
    let mut sums = vec![0.0; height * width];
    for (channel, plane) in image.values().chunks_exact(height * width).enumerate() {
        let share = if channels == 3 { SHARES[channel] } else { 1.0 / channels as f32 };
        sums.iter_mut().zip(plane).for_each(|(sum, value)| *sum += share * value);
    }
    sums
}

/// Multiplies the differences from the mean luminance by `factor`.
pub fn contrast(image: &mut Image, factor: f64) {
    let grey = luminance(image);
    let mean = grey.iter().map(|value| f64::from(*value)).sum::<f64>() / grey.len().max(1) as f64;
    let (mean, factor) = (mean as f32, factor as f32);
    image.values().iter_mut().for_each(|value| *value = mean + (*value - mean) * factor);
    image.clamp();
}

/// Multiplies the differences from the luminance of the same pixel by `factor`.
pub fn saturation(image: &mut Image, factor: f64) {
    let (grey, factor) = (luminance(image), factor as f32);
    for plane in image.values().chunks_exact_mut(grey.len().max(1)) {
        for (value, grey) in plane.iter_mut().zip(&grey) {
            *value = grey + (*value - grey) * factor;
        }
    }
    image.clamp();
}

/// Multiplies the differences from a smoothed image by `factor`. The outermost pixels remain unchanged.
pub fn sharpness(image: &mut Image, factor: f64) {
    let ([height, width], factor) = (image.size(), factor as f32);
    for plane in image.values().chunks_exact_mut(height * width) {
        let before = plane.to_vec();
        for y in 1..height.saturating_sub(1) {
            for x in 1..width.saturating_sub(1) {
                let sum: f32 = (y - 1..=y + 1)
                    .map(|line| before[line * width + x - 1..line * width + x + 2].iter().sum::<f32>())
                    .sum();
                let at = y * width + x;
                // The center counts five times, its eight neighbors once.
                let smooth = (sum + 4.0 * before[at]) / 13.0;
                plane[at] = smooth + (before[at] - smooth) * factor;
            }
        }
    }
    image.clamp();
}

/// Keeps the highest `bits` of each byte.
pub fn posterize(image: &mut Image, bits: u32) {
    let mask = !(0xff_u32 >> bits.min(8)) as u8;
    image.values().iter_mut().for_each(|value| *value = f32::from(*value as u8 & mask));
}

/// Replaces bytes from `threshold` on by their distance from 255.
pub fn solarize(image: &mut Image, threshold: f64) {
    let invert = |value: &mut f32| {
        if f64::from(*value) >= threshold {
            *value = 255.0 - *value;
        }
    };
    image.values().iter_mut().for_each(invert);
}

/// Stretches the values of each channel to 0..=255.
pub fn auto_contrast(image: &mut Image) {
    let [height, width] = image.size();
    for plane in image.values().chunks_exact_mut(height * width) {
        let least = plane.iter().copied().fold(f32::INFINITY, f32::min);
        let most = plane.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        if most > least {
            for value in plane.iter_mut() {
                *value = (*value - least) * (255.0 / (most - least));
            }
        }
    }
}

/// Spreads the bytes of each channel so that all are about as frequent.
pub fn equalize(image: &mut Image) {
    let [height, width] = image.size();
    for plane in image.values().chunks_exact_mut(height * width) {
        let mut counts = [0_u32; 256];
        for value in plane.iter() {
            counts[usize::from(*value as u8)] += 1;
        }
        let last = counts.iter().rev().find(|count| **count > 0).copied().unwrap_or(0);
        let step = (plane.len() as u32 - last) / 255;
        if step == 0 {
            continue;
        }
        let mut sum = step / 2;
        let table = counts.map(|count| {
            let own = (sum / step).min(255);
            sum += count;
            own as f32
        });
        for value in plane {
            *value = table[usize::from(*value as u8)];
        }
    }
}
