//! Linux, macOS and other Unix systems.

use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// Flushes a folder's entries to disk.
///
/// # Errors
/// Any I/O error.
pub fn flush_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// The host name, if the system stores it in a file.
#[must_use]
pub fn host_name() -> Option<String> {
    let read = |path| std::fs::read_to_string(path).ok();
    let name = read("/proc/sys/kernel/hostname").or_else(|| read("/etc/hostname"))?;
    Some(name.trim().to_owned())
}

/// `path` as one word of a POSIX shell; if it is not UTF-8, of bash and zsh.
#[must_use]
pub fn quoted(path: &Path) -> String {
    // A leading dash would be parsed as a flag.
    let dashed = path.as_os_str().as_bytes().starts_with(b"-").then(|| Path::new(".").join(path));
    let path = dashed.as_deref().unwrap_or(path);
    let text = match path.to_str() {
        Some(text) if !text.chars().any(char::is_control) => text,
        _ => return escaped(path.as_os_str().as_bytes()),
    };
    let plain = |c: char| {
        c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | ',' | ':' | '@' | '%' | '=')
    };
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Quotes as `$'…'`, which can hold line breaks and bytes that are not UTF-8.
fn escaped(bytes: &[u8]) -> String {
    let mut text = String::from("$'");
    for byte in bytes {
        match byte {
            b'\'' | b'\\' => text.extend(['\\', char::from(*byte)]),
            b' '..=b'~' => text.push(char::from(*byte)),
            _ => {
                let digits = [byte >> 6, byte >> 3 & 7, byte & 7].map(|digit| char::from(b'0' + digit));
                text.extend(['\\'].into_iter().chain(digits));
            }
        }
    }
    text + "'"
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::process::Command;

    use super::*;

    #[test]
    fn plain_names_are_not_quoted() {
        for name in ["runs/mnist-cnn-0001", "/a.b/c_d", "läufe/é", "a=b,c:d@e%f+g"] {
            assert_eq!(quoted(Path::new(name)), name);
        }
    }

    #[test]
    fn a_shell_parses_every_quoted_name() {
        let names: [&[u8]; 12] = [
            b"my run",
            "my run é".as_bytes(),
            b"quo'te\"s`$(x)",
            b"'",
            b"a\\b",
            b"*?[a]{b}~#!&;|<>()",
            b"",
            b"new\nline",
            b"tab\tand \x1b",
            b"\xff\xfe 'x'\\",
            b"\xff1",
            b"~user",
        ];
        for name in names {
            let script = format!("printf %s {}", quoted(Path::new(OsStr::from_bytes(name))));
            let Ok(output) = Command::new("bash").args(["-c", &script]).output() else { return };
            assert_eq!(output.stdout, name, "{script}");
        }
        assert_eq!(quoted(Path::new("-dash")), "./-dash");
        assert_eq!(quoted(Path::new("--force it")), "'./--force it'");
    }
}
