//! The elements of an array, as bytes.

/// The binary type of an array's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element {
    /// NumPy's type letter: `f` floating-point, `i` signed integer, `u` unsigned integer, `b` boolean, `U`
    /// Unicode string, `S` byte string.
    pub kind: char,
    /// Bytes per element, at least one.
    pub size: usize,
    /// Whether the most significant byte comes first.
    pub big_endian: bool,
}

impl Element {
    /// The bytes of a number as an unsigned integer.
    fn word(self, bytes: &[u8]) -> u64 {
        // The usual type; the compiler makes one instruction of it.
        if let (false, Ok(bytes)) = (self.big_endian, <[u8; 4]>::try_from(bytes)) {
            return u64::from(u32::from_le_bytes(bytes));
        }
        let add = |number, &byte: &u8| number << 8 | u64::from(byte);
        if self.big_endian { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) }
    }

    /// Floating-point numbers of 2, 4 or 8 bytes.
    pub(super) fn floats(self, bytes: &[u8]) -> impl Iterator<Item = f64> {
        bytes.chunks_exact(self.size).map(move |bytes| match (self.word(bytes), self.size) {
            (word, 2) => half(word as u16),
            (word, 4) => f64::from(f32::from_bits(word as u32)),
            (word, _) => f64::from_bits(word),
        })
    }

    /// Integers of up to 8 bytes.
    pub(super) fn integers(self, bytes: &[u8]) -> impl Iterator<Item = i128> {
        let unused = 64_u32.saturating_sub(8 * u32::try_from(self.size).unwrap_or(8));
        bytes.chunks_exact(self.size).map(move |bytes| match (self.word(bytes), self.kind) {
            (word, 'i') => i128::from((word << unused).cast_signed() >> unused),
            (word, _) => i128::from(word),
        })
    }

    /// A string without its zero padding, if it is valid text.
    pub(super) fn text(self, bytes: &[u8]) -> Option<String> {
        if self.kind == 'S' {
            let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
            return std::str::from_utf8(&bytes[..end]).ok().map(str::to_owned);
        }
        let mut codes: Vec<u32> = bytes.chunks_exact(4).map(|code| self.word(code) as u32).collect();
        while codes.last() == Some(&0) {
            codes.pop();
        }
        codes.into_iter().map(char::from_u32).collect()
    }
}

/// A 16-bit number as in IEEE 754: a sign, 5 bits of exponent and 10 of fraction.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let fraction = f64::from(bits & 0x3ff);
    sign * match bits >> 10 & 0x1f {
        0 => fraction * 2_f64.powi(-24),
        0x1f if fraction == 0.0 => f64::INFINITY,
        0x1f => f64::NAN,
        exponent => (1024.0 + fraction) * 2_f64.powi(i32::from(exponent) - 25),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_numbers_follow_the_standard() {
        for (bits, value) in [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_953_125),
            (0x7bff, 65504.0),
            (0x0400, 6.103_515_625e-5),
            (0x0001, 5.960_464_477_539_063e-8),
            (0x83ff, -6.097_555_160_522_461e-5),
            (0x7c00, f64::INFINITY),
            (0xfc00, f64::NEG_INFINITY),
        ] {
            assert!(half(bits).total_cmp(&value).is_eq(), "{bits:04x}: {} {value}", half(bits));
        }
        assert!(half(0x8000).is_sign_negative() && half(0x7e00).is_nan());
    }

    #[test]
    fn both_byte_orders_decode_to_the_same_numbers() {
        let element = |kind, size, big_endian| Element { kind, size, big_endian };
        assert_eq!(element('i', 2, true).integers(&[0xff, 0xfe, 1, 0]).collect::<Vec<_>>(), [-2, 256]);
        assert_eq!(element('i', 2, false).integers(&[0xfe, 0xff, 0, 1]).collect::<Vec<_>>(), [-2, 256]);
        assert_eq!(element('u', 8, true).integers(&[0xff; 8]).collect::<Vec<_>>(), [i128::from(u64::MAX)]);
        assert_eq!(element('f', 4, true).floats(&1.5_f32.to_be_bytes()).collect::<Vec<_>>(), [1.5]);
        assert_eq!(element('f', 8, false).floats(&1e300_f64.to_le_bytes()).collect::<Vec<_>>(), [1e300]);
    }

    #[test]
    fn zero_padding_is_not_part_of_a_string() {
        let unicode = |big_endian| Element { kind: 'U', size: 8, big_endian };
        assert_eq!(unicode(false).text(&[0x61, 0, 0, 0, 0, 0, 0, 0]).as_deref(), Some("a"));
        assert_eq!(unicode(true).text(&[0, 1, 0xf6, 0, 0, 0, 0, 0x61]).as_deref(), Some("😀a"));
        assert_eq!(unicode(false).text(&[0, 0xd8, 0, 0, 0, 0, 0, 0]), None);
        let bytes = Element { kind: 'S', size: 3, big_endian: false };
        assert_eq!(bytes.text(b"ab\0").as_deref(), Some("ab"));
        assert_eq!(bytes.text(b"\0a\0").as_deref(), Some("\0a"));
        assert_eq!(bytes.text(&[0xff, 0, 0]), None);
    }
}
