//! Runs the program on a pseudoterminal whose other end the test holds.

use std::fs::OpenOptions;
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// Runs a command on a terminal of `columns` by 24 characters and returns its output. Its input is empty.
///
/// util-linux's `script`, used before, returned nothing in about one of some hundred runs on a busy machine.
pub fn on_a_terminal(mut command: Command, columns: u16) -> String {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
    let master = openpt(flags).expect("a pseudoterminal");
    grantpt(&master).expect("the terminal's owner is set");
    unlockpt(&master).expect("the terminal is unlocked");
    let name = ptsname(&master, Vec::new()).expect("the terminal has a name");
    let terminal = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(OpenptFlags::NOCTTY.bits().cast_signed())
        .open(name.to_str().expect("UTF-8"))
        .expect("the terminal can be opened");
    let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&terminal, size).expect("the terminal has a size");
    command.stdin(Stdio::null()).stdout(terminal.try_clone().expect("a second handle")).stderr(terminal);
    let mut child = command.spawn().expect("the program starts");
    // Closes the handles held by the command; closing the last one ends the output.
    drop(command);
    let (mut master, mut written) = (std::fs::File::from(master), Vec::new());
    let mut part = [0; 4096];
    // Linux reports EIO when the last holder closes a terminal.
    while let Ok(length @ 1..) = master.read(&mut part) {
        written.extend_from_slice(&part[..length]);
    }
    child.wait().expect("the program ends");
    String::from_utf8(written).expect("UTF-8")
}

/// The final contents of the screen: lines in which later text has overwritten earlier text.
pub fn screen(written: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for line in written.split('\n') {
        let mut shown: Vec<char> = Vec::new();
        let line = line
            .replace("\x1b[J", "\u{1}")
            .replace("\x1b[1m", "")
            .replace("\x1b[33m", "")
            .replace("\x1b[0m", "");
        for part in line.split('\r') {
            for (at, c) in part.chars().enumerate() {
                match c {
                    '\u{1}' => shown.truncate(at),
                    c if at < shown.len() => shown[at] = c,
                    c => shown.push(c),
                }
            }
        }
        lines.push(shown.into_iter().collect::<String>());
    }
    lines
}
