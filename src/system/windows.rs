//! Windows.

use std::io;
use std::path::Path;

/// Nothing: NTFS journals names itself, and a folder cannot be opened as a file.
///
/// # Errors
/// None.
pub fn flush_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// The machine's name.
#[must_use]
pub fn host_name() -> Option<String> {
    std::env::var("COMPUTERNAME").ok()
}

/// `path` as one word of `PowerShell` and `cmd`. No path holds a double quote.
#[must_use]
pub fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    // A command would take it for a flag.
    let text = if text.starts_with('-') { format!(".\\{text}") } else { text };
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '\\' | '.' | '_' | '-' | '+' | ':' | '=');
    if !text.is_empty() && text.chars().all(plain) { text } else { format!("\"{text}\"") }
}
