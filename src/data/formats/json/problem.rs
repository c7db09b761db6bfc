//! What is wrong with a text that is not JSON, or not the JSON that is expected.

/// An error of the parser about `content`, in plain words.
pub(in crate::data) fn explain(content: &[u8], error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    if let Some(number) = beyond(content, error) {
        return format!("{number} does not fit 32 bits at line {line} column {column}");
    }
    if content.trim_ascii().is_empty() {
        return "is empty; give a list of numbers, or `{\"instances\": [...]}`".to_owned();
    }
    let rest = content.split(|&byte| byte == b'\n').nth(line.saturating_sub(1)).unwrap_or_default();
    let rest = rest.get(column.saturating_sub(1)..).unwrap_or_default();
    if error.is_syntax() {
        // The parser stops within a word that begins as one of JSON does.
        let begins = |word: &&&str| rest.starts_with(word.as_bytes());
        if let Some(word) = ["NaN", "Infinity", "nan", "inf", "None", "-Infinity", "-inf"].iter().find(begins)
        {
            return format!("{word} at line {line} column {column} is not a number of JSON; fill it in");
        }
        if error.to_string().starts_with("trailing characters") && matches!(rest.first(), Some(b'[' | b'{')) {
            return "several JSON values, as in JSON Lines; put them into one list: `[…, …]`".to_owned();
        }
    }
    format!("cannot be read: {error}")
}

/// The number that is too large even for 64 bits, where `error` is about one: its text, as long as one may be.
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
