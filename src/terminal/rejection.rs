//! Invalid command-line arguments.

use std::ffi::OsString;

use clap::error::ErrorKind;

use super::log::{self, Level, Record};

/// Prints what is wrong with the `arguments`, or the requested help, and exits. The error is a JSON line if
/// JSON logs are requested, which is detected without parsing the invalid arguments.
pub fn reject(error: &clap::Error, arguments: &[OsString]) -> ! {
    let is_error = !matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if !is_error || !request_json(arguments) {
        error.exit();
    }
    let message = one_paragraph(&error.to_string());
    let record = Record { event: "error", ..Record::message(Level::Error, &message) };
    log::end(record, u8::try_from(error.exit_code()).unwrap_or(2));
    std::process::exit(error.exit_code());
}

/// Whether `arguments` contain `--log-format json`.
fn request_json(arguments: &[OsString]) -> bool {
    let flags: Vec<&OsString> = arguments.iter().take_while(|argument| *argument != "--").collect();
    flags.iter().any(|flag| *flag == "--log-format=json")
        || flags.windows(2).any(|pair| pair[0] == "--log-format" && pair[1] == "json")
}

/// clap's message as one line, without the usage and the pointer to the help.
fn one_paragraph(text: &str) -> String {
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let paragraphs =
        text.split("\n\n").map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "));
    let kept = paragraphs.filter(|paragraph| {
        !paragraph.is_empty()
            && !paragraph.starts_with("Usage:")
            && !paragraph.starts_with("For more information")
    });
    kept.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_clap_becomes_one_line() {
        let text = "error: unexpected argument '--bad' found\n\n  tip: to pass '--bad' as a value, use '-- --bad'\n\n\
            Usage: taper train [OPTIONS]\n\nFor more information, try '--help'.\n";
        let line = "unexpected argument '--bad' found; tip: to pass '--bad' as a value, use '-- --bad'";
        assert_eq!(one_paragraph(text), line);
        let text = "error: the following required arguments were not provided:\n  <CHECKPOINT>\n\nUsage: x\n";
        assert_eq!(one_paragraph(text), "the following required arguments were not provided: <CHECKPOINT>");
    }

    #[test]
    fn a_request_for_json_logs_is_found_among_invalid_arguments() {
        let json = |line: &str| request_json(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert!(json("taper train --bad --log-format json"));
        assert!(json("taper --log-format=json trian"));
        assert!(!json("taper train --log-format text --format json"));
        assert!(!json("taper predict r -- --log-format json"));
    }
}
