//! One JSON number, with the bits that `serde_json` and `str::parse` give.

/// A number at the start of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number {
    /// Its value.
    pub value: f64,
    /// Whether it is written without a fraction and an exponent.
    pub whole: bool,
    /// Its length in bytes.
    pub length: usize,
}

/// Powers of ten that are exact in f64.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// Integers up to here are exact in f64.
const EXACT: u64 = 1 << 53;

/// The number at the start of `text`, or `None` if there is none. As in TensorFlow Serving, it may be `NaN`, `Inf` or
/// `Infinity`.
///
/// A mantissa of at most 2^53 times an exact power of ten is one rounding, so it is correct (W. Clinger, How to read
/// floating point numbers accurately, 1990); other numbers are parsed by the standard library.
pub fn read(text: &[u8]) -> Option<Number> {
    let negative = text.first() == Some(&b'-');
    let mut at = usize::from(negative);
    let first = *text.get(at)?;
    if !first.is_ascii_digit() {
        return named(text, at, negative);
    }
    let (mut mantissa, mut exponent) = (0_u64, 0_i32);
    let integer = at;
    at += digits(&text[at..], &mut mantissa);
    if first == b'0' && at > integer + 1 {
        at = integer + 1; // a leading zero stands alone
        return Some(Number { value: if negative { -0.0 } else { 0.0 }, whole: true, length: at });
    }
    let mut count = at - integer;
    let mut whole = true;
    if text.get(at) == Some(&b'.') {
        whole = false;
        at += 1;
        let places = digits(&text[at..], &mut mantissa);
        if places == 0 {
            return None;
        }
        (at, count) = (at + places, count + places);
        exponent = i32::try_from(places).map_or(i32::MIN, |places| -places);
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        whole = false;
        at += 1;
        let down = text.get(at) == Some(&b'-');
        at += usize::from(matches!(text.get(at), Some(b'-' | b'+')));
        let start = at;
        let mut power = 0_i32;
        while let Some(digit) = text.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10) {
            power = power.saturating_mul(10).saturating_add(i32::from(digit));
            at += 1;
        }
        if at == start {
            return None;
        }
        exponent = exponent.saturating_add(if down { -power } else { power });
    }
    let value = exact(mantissa, count, exponent).map(|value| if negative { -value } else { value });
    let value = match value {
        Some(value) => value,
        None => std::str::from_utf8(&text[..at]).ok()?.parse().ok()?,
    };
    Some(Number { value, whole, length: at })
}

/// Reads the digits at the start of `text` into `mantissa`, which may overflow, and returns their number.
#[inline]
fn digits(text: &[u8], mantissa: &mut u64) -> usize {
    let mut count = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        *mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
        count += 1;
    }
    count
}

/// The value of `mantissa * 10^exponent`, if one rounding gives it; `digits` is the number of digits that were read, of which 19
/// always fit.
fn exact(mantissa: u64, digits: usize, exponent: i32) -> Option<f64> {
    if digits > 19 || mantissa > EXACT {
        return None;
    }
    let power = |exponent: i32| usize::try_from(exponent).ok().and_then(|at| POWERS.get(at));
    match exponent {
        0.. => power(exponent).map(|power| mantissa as f64 * power),
        _ => power(exponent.checked_neg()?).map(|power| mantissa as f64 / power),
    }
}

/// `NaN`, `Inf` or `Infinity` at `at`.
fn named(text: &[u8], at: usize, negative: bool) -> Option<Number> {
    let words = [(&b"NaN"[..], f64::NAN), (b"Infinity", f64::INFINITY), (b"Inf", f64::INFINITY)];
    let (word, value) = words.into_iter().find(|(word, _)| text[at..].starts_with(word))?;
    Some(Number { value: if negative { -value } else { value }, whole: false, length: at + word.len() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Stream};

    #[test]
    fn values_have_the_bits_of_the_standard_library() {
        let mut stream = Stream::new(5, Purpose::Data, [0, 0]);
        for case in 0..300_000_u64 {
            let bits = stream.below(1 << 32) as u32;
            let float = f32::from_bits(bits);
            let text = match case % 6 {
                _ if !float.is_finite() => continue,
                0 => format!("{float:?}"),
                1 => format!("{float:e}"),
                2 => format!("{:?}", f64::from(float) * std::f64::consts::PI),
                3 => format!("{}", stream.below(1 << 60)),
                4 => format!("{:.3}", f64::from(bits) / 1e6),
                _ => format!("{:.12}e{}", f64::from(bits) / 1e9, stream.below(80).cast_signed() - 40),
            };
            let number = read(text.as_bytes()).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(number.length, text.len(), "{text}");
            assert_eq!(number.value.to_bits(), text.parse::<f64>().unwrap().to_bits(), "{text}");
        }
    }

    #[test]
    fn the_grammar_is_that_of_json() {
        let of = |text: &str| read(text.as_bytes()).map(|number| (number.length, number.whole));
        assert_eq!(of("12,"), Some((2, true)));
        assert_eq!(of("-0"), Some((2, true)));
        assert_eq!(of("1.0]"), Some((3, false)));
        assert_eq!(of("1e5"), Some((3, false)));
        assert_eq!(of("01"), Some((1, true)));
        assert_eq!(of("-Infinity"), Some((9, false)));
        for text in ["", "-", "+1", ".5", "1.", "1e", "1e+", "a", "-a", "nan"] {
            assert_eq!(of(text), None, "{text}");
        }
        assert_eq!(read(b"1e999").map(|number| number.value), Some(f64::INFINITY));
        assert_eq!(read(b"1e-999").map(|number| number.value), Some(0.0));
        assert!(read(b"-0.0").is_some_and(|number| number.value.is_sign_negative()));
        let long = format!("0.{}1", "0".repeat(100));
        assert_eq!(read(long.as_bytes()).map(|number| number.value), long.parse().ok());
    }
}
