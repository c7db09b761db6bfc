//! Texts that are dates.

/// Whether a text is a date, with a time or without: `2024-01-31`, `31.1.24`, `1/31/2024 12:00`, `2024-01-31T12:00:00Z`.
pub(crate) fn is_date(text: &str) -> bool {
    let day = text.split([' ', 'T']).next().unwrap_or_default();
    ['-', '/', '.'].into_iter().any(|separator| {
        let parts: Vec<&str> = day.split(separator).collect();
        let digits = |part: &&str| {
            (1..=4).contains(&part.len())
                && part.len() != 3
                && part.bytes().all(|digit| digit.is_ascii_digit())
        };
        parts.len() == 3
            && parts.iter().all(digits)
            && parts.iter().filter(|part| part.len() == 4).count() <= 1
            // Not a version number such as 1.2.3.
            && parts.iter().any(|part| part.len() > 1)
            && parts[1].len() <= 2
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_distinguished_from_other_texts() {
        for text in ["2024-01-31", "31.1.24", "1/31/2024", "2024-01-31 12:00:00", "2024-01-31T12:00:00Z"] {
            assert!(is_date(text), "{text}");
        }
        for text in
            ["", "10-20", "1.2", "192.168.0.1", "1.2.3", "555-12-3456", "a-b-c", "2024-2025-2026", "123-1-1"]
        {
            assert!(!is_date(text), "{text}");
        }
    }
}
