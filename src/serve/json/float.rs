//! Floats as TensorFlow Serving writes them.

use std::fmt::Write as _;

/// Appends `value`, which is finite, with the fewest digits that read as the same `f32`, and a decimal point or an exponent: in the
/// layout of C's `%g`, or `%.9g` for more than six digits.
pub fn write_float(to: &mut String, value: f32) {
    let start = to.len();
    // Writing to a string cannot fail.
    let _ = write!(to, "{value:e}");
    let (mantissa, exponent) = match to[start..].split_once('e') {
        Some((mantissa, exponent)) => (mantissa.to_owned(), exponent.parse::<i32>().unwrap_or(0)),
        None => return,
    };
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let precision = if digits.len() > 6 { 9 } else { 6 };
    to.truncate(start);
    if exponent < -4 || exponent >= precision {
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ = write!(to, "{mantissa}e{sign}{:02}", exponent.unsigned_abs());
        return;
    }
    if mantissa.starts_with('-') {
        to.push('-');
    }
    match usize::try_from(exponent) {
        Err(_) => {
            to.push_str("0.");
            (1..exponent.unsigned_abs()).for_each(|_| to.push('0'));
            to.push_str(&digits);
        }
        Ok(exponent) if digits.len() <= exponent + 1 => {
            to.push_str(&digits);
            (digits.len()..=exponent).for_each(|_| to.push('0'));
            to.push_str(".0");
        }
        Ok(exponent) => {
            to.push_str(&digits[..=exponent]);
            to.push('.');
            to.push_str(&digits[exponent + 1..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: f32) -> String {
        let mut text = String::new();
        write_float(&mut text, value);
        text
    }

    #[test]
    fn the_layout_is_that_of_tensorflow_serving() {
        let cases = [
            (9_000_000.0, "9e+06"),
            (999_999.0, "999999.0"),
            (0.0003, "0.0003"),
            (0.000_03, "3e-05"),
            (555_557.5, "555557.5"),
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (-2.5, "-2.5"),
            (100.0, "100.0"),
            (16_777_216.0, "16777216.0"),
            (1e-10, "1e-10"),
            (3.402_823_5e38, "3.4028235e+38"),
            (0.1, "0.1"),
        ];
        for (value, text) in cases {
            assert_eq!(of(value), text);
        }
    }

    #[test]
    fn floats_are_read_back_with_the_same_bits() {
        let mut stream = crate::random::Stream::new(6, crate::random::Purpose::Data, [0, 0]);
        for _ in 0..200_000 {
            let value = f32::from_bits(stream.below(1 << 32) as u32);
            if value.is_finite() {
                let text = of(value);
                assert_eq!((text.parse::<f64>().unwrap() as f32).to_bits(), value.to_bits(), "{text}");
                assert!(serde_json::from_str::<f64>(&text).is_ok(), "{text}");
                assert!(text.contains(['.', 'e']), "{text}");
            }
        }
    }
}
