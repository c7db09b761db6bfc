//! Percent-encoded names in paths.

/// Decodes `encoded`; invalid sequences are left unchanged, and occur in no name.
#[must_use]
pub fn decode(encoded: &str) -> String {
    if !encoded.contains('%') {
        return encoded.to_owned();
    }
    let bytes = encoded.as_bytes();
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if let (b'%', Some(high), Some(low)) = (byte, digit(at + 1), digit(at + 2)) {
            decoded.push((high * 16 + low) as u8);
            at += 3;
        } else {
            decoded.push(byte);
            at += 1;
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
