//! Arguments that are none of this program.

use std::ffi::OsString;

use clap::error::ErrorKind;

use super::log::{self, Level, Record};

/// Ends the program with what is wrong with its `arguments`, or with the help that they ask for. Where they
/// ask for logs in JSON, which they do not say in a usable way, the error is a line of JSON.
pub fn refuse(error: &clap::Error, arguments: &[OsString]) -> ! {
    let is_error = !matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if !is_error || !ask_for_json(arguments) {
        error.exit();
    }
    let message = one_paragraph(&error.to_string());
    let record = Record { event: "error", ..Record::message(Level::Error, &message) };
    log::end(record, u8::try_from(error.exit_code()).unwrap_or(2));
    std::process::exit(error.exit_code());
}

/// Whether `--log-format json` is among `arguments`.
fn ask_for_json(arguments: &[OsString]) -> bool {
    let flags: Vec<&OsString> = arguments.iter().take_while(|argument| *argument != "--").collect();
    flags.iter().any(|flag| *flag == "--log-format=json")
        || flags.windows(2).any(|pair| pair[0] == "--log-format" && pair[1] == "json")
}

/// What clap says, without usage and pointers to the help, as one line.
fn one_paragraph(text: &str) -> String {
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let paragraphs =
        text.split("\n\n").map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "));
    let told = paragraphs.filter(|paragraph| {
        !paragraph.is_empty()
            && !paragraph.starts_with("Usage:")
            && !paragraph.starts_with("For more information")
    });
    told.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clap_says_is_one_line() {
        let text = "error: unexpected argument '--bad' found\n\n  tip: to pass '--bad' as a value, use '-- --bad'\n\n\
            Usage: taper train [OPTIONS]\n\nFor more information, try '--help'.\n";
        let line = "unexpected argument '--bad' found; tip: to pass '--bad' as a value, use '-- --bad'";
        assert_eq!(one_paragraph(text), line);
        let text = "error: the following required arguments were not provided:\n  <CHECKPOINT>\n\nUsage: x\n";
        assert_eq!(one_paragraph(text), "the following required arguments were not provided: <CHECKPOINT>");
    }

    #[test]
    fn logs_in_json_are_asked_for_before_the_arguments_are_understood() {
        let asks = |line: &str| ask_for_json(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert!(asks("taper train --bad --log-format json"));
        assert!(asks("taper --log-format=json trian"));
        assert!(!asks("taper train --log-format text --format json"));
        assert!(!asks("taper predict r -- --log-format json"));
    }
}
