//! Explains errors in JSON text.

/// Explains a parser error about `content`.
pub(in crate::data) fn explain(content: &[u8], error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    if let Some(number) = beyond(content, error) {
        return format!("{number} is out of range for a 32-bit float at line {line} column {column}");
    }
    if content.trim_ascii().is_empty() {
        return "is empty; expected a list of numbers, or `{\"instances\": [...]}`".to_owned();
    }
    let rest = content.split(|&byte| byte == b'\n').nth(line.saturating_sub(1)).unwrap_or_default();
    let rest = rest.get(column.saturating_sub(1)..).unwrap_or_default();
    if error.is_syntax() {
        // The parser stops within a word that begins like a JSON literal.
        let begins = |word: &&&str| rest.starts_with(word.as_bytes());
        if let Some(word) = ["NaN", "Infinity", "nan", "inf", "None", "-Infinity", "-inf"].iter().find(begins)
        {
            return format!("{word} at line {line} column {column} is not a JSON number; replace it");
        }
        if error.to_string().starts_with("trailing characters") && matches!(rest.first(), Some(b'[' | b'{')) {
            return "contains several JSON values, as in JSON Lines; put them in one list: `[…, …]`"
                .to_owned();
        }
    }
    format!("cannot be read: {error}")
}

/// The text of the number that is out of range even for 64 bits, if `error` is about one.
fn beyond(content: &[u8], error: &serde_json::Error) -> Option<String> {
    if !error.to_string().starts_with("number out of range") {
        return None;
    }
    let line = content.split(|&byte| byte == b'\n').nth(error.line().checked_sub(1)?)?;
    let of_number = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
    let end = error.column().min(line.len());
    let start = line[..end].iter().rposition(|byte| !of_number(byte)).map_or(0, |before| before + 1);
    let text: String =
        line[start..].iter().take_while(|byte| of_number(byte)).map(|&byte| char::from(byte)).collect();
    (!text.is_empty()).then(|| if text.len() > 40 { format!("{}…", &text[..40]) } else { text })
}
