//! When a certificate is valid: the two times in it (RFC 5280, 4.1.2.5), which rustls reads, but does not
//! expose.

/// From when to when a certificate is valid, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first second.
    pub from: i64,
    /// The last one.
    pub until: i64,
}

/// Tags of DER, the encoding of certificates (ITU-T X.690).
const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// The validity of a certificate in DER; `None` if it is not encoded as it must be.
#[must_use]
pub fn of(certificate: &[u8]) -> Option<Validity> {
    let (signed, _) = element(certificate, SEQUENCE)?;
    let (content, _) = element(signed, SEQUENCE)?;
    // The version, which certificates of version 1 leave out.
    let serial = element(content, VERSION).map_or(content, |(_, rest)| rest);
    let (_, algorithm) = element(serial, INTEGER)?;
    let (_, issuer) = element(algorithm, SEQUENCE)?;
    let (_, validity) = element(issuer, SEQUENCE)?;
    let (times, _) = element(validity, SEQUENCE)?;
    let (from, rest) = time(times)?;
    let (until, _) = time(rest)?;
    Some(Validity { from, until })
}

/// The content of the element that `bytes` begin with, which must have `tag`, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (_, rest) = bytes.split_first().filter(|(found, _)| **found == tag)?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        // That many bytes of the length follow; four are enough for any file that is read.
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// The time that `bytes` begin with, and what follows it: `YYMMDDhhmmssZ`, or with four digits of the year.
fn time(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (short, long) = (element(bytes, UTC_TIME), element(bytes, GENERALIZED_TIME));
    let digits = if short.is_some() { 2 } else { 4 };
    let (text, rest) = short.or(long)?;
    let text = text.strip_suffix(b"Z").filter(|text| text.len() == digits + 10)?;
    if !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = |part: &[u8]| part.iter().fold(0, |number, digit| 10 * number + i64::from(digit - b'0'));
    let (year, pairs) = text.split_at(digits);
    let year = match (number(year), digits) {
        (year, 4) => year,
        (year, _) if year < 50 => 2000 + year,
        (year, _) => 1900 + year,
    };
    let pairs: Vec<i64> = pairs.chunks(2).map(number).collect();
    let &[month, day, hour, minute, second] = pairs.as_slice() else { return None };
    let is_time =
        (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 60;
    is_time.then(|| (((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second, rest))
}

/// The days from 1970-01-01 to a day of the Gregorian calendar. Years are counted from March here, so that the day that
/// leap years add is the last one.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month < 3);
    let since_march = (month + 9) % 12;
    // Five months, from March or August on, have 153 days.
    let of_year = (153 * since_march + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, PublicKeyData, SignatureAlgorithm, SigningKey, date_time_ymd};

    use super::*;

    /// A key that signs nothing: the times of a certificate do not depend on it.
    struct NoKey;

    impl PublicKeyData for NoKey {
        fn der_bytes(&self) -> &[u8] {
            &[4; 65]
        }

        fn algorithm(&self) -> &'static SignatureAlgorithm {
            &rcgen::PKCS_ECDSA_P256_SHA256
        }
    }

    impl SigningKey for NoKey {
        fn sign(&self, _: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
            Ok(vec![0; 64])
        }
    }

    fn certificate(from: (i32, u8, u8), until: (i32, u8, u8)) -> Vec<u8> {
        let mut parameters = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        parameters.not_before = date_time_ymd(from.0, from.1, from.2);
        parameters.not_after = date_time_ymd(until.0, until.1, until.2);
        parameters.serial_number = Some(1.into());
        parameters.self_signed(&NoKey).unwrap().der().to_vec()
    }

    #[test]
    fn the_times_are_those_with_which_a_certificate_was_made() {
        // With two digits of the year, and with four.
        let pairs =
            [((1975, 1, 1), (2049, 12, 31)), ((2000, 2, 29), (2050, 1, 1)), ((2024, 3, 1), (2400, 2, 29))];
        for (from, until) in pairs {
            let seconds = |(year, month, day)| date_time_ymd(year, month, day).unix_timestamp();
            let expected = Validity { from: seconds(from), until: seconds(until) };
            assert_eq!(of(&certificate(from, until)), Some(expected), "{from:?} {until:?}");
        }
    }

    #[test]
    fn every_day_of_four_centuries_is_counted() {
        let (mut date, mut count) = ((1970, 1, 1), 0);
        while date.0 < 2370 {
            let (year, month, day) = date;
            assert_eq!(days(year, month, day), count, "{date:?}");
            let is_leap = year % 4 == 0 && year % 100 != 0 || year % 400 == 0;
            let length = match month {
                2 => 28 + i64::from(is_leap),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            date = match (month, day) {
                (12, 31) => (year + 1, 1, 1),
                _ if day == length => (year, month + 1, 1),
                _ => (year, month, day + 1),
            };
            count += 1;
        }
    }

    #[test]
    fn a_time_has_seconds_and_can_be_followed_by_something() {
        let encoded = |tag, text: &[u8]| [&[tag, text.len() as u8], text].concat();
        let utc = |text: &[u8]| time(&encoded(UTC_TIME, text)).map(|(seconds, _)| seconds);
        assert_eq!(utc(b"700101000001Z"), Some(1));
        assert_eq!(utc(b"491231235959Z"), Some(2_524_607_999));
        assert_eq!(utc(b"500101000000Z"), Some(-631_152_000));
        let followed = [encoded(GENERALIZED_TIME, b"19700102000000Z"), vec![7]].concat();
        assert_eq!(time(&followed), Some((86_400, [7].as_slice())));
        let wrong = [
            "7001010000Z",
            "700101000001",
            "701301000000Z",
            "700100000000Z",
            "70010100000aZ",
            "700101240000Z",
            "",
        ];
        for wrong in wrong {
            assert_eq!(utc(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_cut_or_changed_is_read_or_refused_but_never_a_panic() {
        let whole = certificate((2020, 1, 1), (2030, 1, 1));
        for length in 0..whole.len() {
            assert_eq!(of(&whole[..length]), None, "{length} bytes");
        }
        for at in 0..whole.len() {
            for value in [0, 0x7f, 0x80, 0x84, 0x85, 0xff] {
                let mut changed = whole.clone();
                changed[at] = value;
                let _ = of(&changed);
            }
        }
    }
}
