//! Windows.

use std::io;
use std::path::Path;

/// Does nothing: NTFS journals names itself, and a folder cannot be opened as a file.
///
/// # Errors
/// None.
pub fn flush_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// The host name.
#[must_use]
pub fn host_name() -> Option<String> {
    std::env::var("COMPUTERNAME").ok()
}

/// `path` as one word of `PowerShell` and `cmd`. Paths cannot contain double quotes.
#[must_use]
pub fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    // A leading dash would be parsed as a flag.
    let text = if text.starts_with('-') { format!(".\\{text}") } else { text };
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '\\' | '.' | '_' | '-' | '+' | ':' | '=');
    if !text.is_empty() && text.chars().all(plain) { text } else { format!("\"{text}\"") }
}
