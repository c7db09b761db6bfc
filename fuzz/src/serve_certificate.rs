//! The times in certificates.

use taper::internals::serve::validity;

/// Reads the bytes as a certificate, and what is left of it without its first or its last byte.
pub fn run(data: &[u8]) {
    let Some(valid) = validity::of(data) else { return };
    // Years have two or four digits.
    let years = -62_167_305_600..=253_402_300_799;
    assert!(years.contains(&valid.from) && years.contains(&valid.until), "{valid:?}");
    let followed = [data, &[0x30]].concat();
    assert_eq!(validity::of(&followed), Some(valid), "what follows a certificate is not read");
    assert_eq!(validity::of(&data[1..]), None, "a certificate begins with its length");
}
