//! Numbers as people read them.

/// As in 693,962.
pub fn with_separators(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with about four digits that count.
pub fn short(value: f64) -> String {
    match value {
        1000.0.. => with_separators(value.round() as u64),
        100.0.. => format!("{value:.1}"),
        10.0.. => format!("{value:.2}"),
        1.0.. => format!("{value:.3}"),
        _ => format!("{value:.4}"),
    }
}

/// As in 6.02 s or 35 ms.
pub fn duration(seconds: f64) -> String {
    if seconds < 0.1 { format!("{:.0} ms", seconds * 1e3) } else { format!("{seconds:.2} s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_thousands() {
        assert_eq!(with_separators(7), "7");
        assert_eq!(with_separators(693_962), "693,962");
        assert_eq!(with_separators(1_000), "1,000");
    }

    #[test]
    fn numbers_show_about_four_digits() {
        for (value, text) in [
            (2_876_561.9, "2,876,562"),
            (206.94, "206.9"),
            (65.775, "65.78"),
            (0.0721, "0.0721"),
            (0.0, "0.0000"),
        ] {
            assert_eq!(short(value), text);
        }
    }

    #[test]
    fn times_are_seconds_or_milliseconds() {
        assert_eq!(duration(6.021), "6.02 s");
        assert_eq!(duration(0.035), "35 ms");
    }
}
