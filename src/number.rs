//! Numbers formatted for people.

/// An integer with thousands separators, as in 693,962.
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

/// A number with about four significant digits.
pub fn short(value: f64) -> String {
    match value {
        1000.0.. => with_separators(value.round() as u64),
        100.0.. => format!("{value:.1}"),
        10.0.. => format!("{value:.2}"),
        1.0.. => format!("{value:.3}"),
        _ => format!("{value:.4}"),
    }
}

/// A duration, as in 6.02 s or 35 ms.
pub fn duration(seconds: f64) -> String {
    if seconds < 0.1 { format!("{:.0} ms", seconds * 1e3) } else { format!("{seconds:.2} s") }
}

/// A rate in samples per second, as in 3,424 samples/s; small rates show tenths.
pub fn rate(speed: f64) -> String {
    if speed < 10.0 {
        format!("{speed:.1} samples/s")
    } else {
        format!("{} samples/s", with_separators(speed.round() as u64))
    }
}

/// A time rounded up to seconds, as in 0:05, 12:34, 1:02:03, and from two days on 3d 4h.
pub fn clock(seconds: f64) -> String {
    let seconds = seconds.max(0.0).ceil() as u64;
    let (days, hours, minutes, rest) = (seconds / 86_400, seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{rest:02}"),
        1..48 => format!("{hours}:{minutes:02}:{rest:02}"),
        _ => format!("{}d {}h", with_separators(days), hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated() {
        assert_eq!(with_separators(7), "7");
        assert_eq!(with_separators(693_962), "693,962");
        assert_eq!(with_separators(1_000), "1,000");
    }

    #[test]
    fn short_numbers_have_about_four_significant_digits() {
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
    fn rates_are_integers_unless_they_are_small() {
        for (speed, text) in
            [(3424.4, "3,424"), (9.96, "10.0"), (10.4, "10"), (0.83, "0.8"), (1e6, "1,000,000")]
        {
            assert_eq!(rate(speed), format!("{text} samples/s"));
        }
    }

    #[test]
    fn clocks_have_two_digits_except_for_the_first() {
        for (seconds, text) in [
            (0.0, "0:00"),
            (4.2, "0:05"),
            (754.0, "12:34"),
            (3723.0, "1:02:03"),
            (172_799.0, "47:59:59"),
            (273_600.0, "3d 4h"),
            (-1.0, "0:00"),
            (f64::NAN, "0:00"),
        ] {
            assert_eq!(clock(seconds), text);
        }
    }

    #[test]
    fn durations_are_in_seconds_or_milliseconds() {
        assert_eq!(duration(6.021), "6.02 s");
        assert_eq!(duration(0.035), "35 ms");
    }
}
