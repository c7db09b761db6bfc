//! What may stand where a file is expected.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

/// Every kind of thing that is no regular file, and names that lead nowhere.
pub const KINDS: [&str; 8] =
    ["folder", "pipe", "/dev/zero", "/dev/full", "/dev/null", "socket", "dangling link", "link to itself"];

/// Puts a `kind` of thing at `path`, in place of what is there.
pub fn place(kind: &str, path: &Path) {
    remove(path);
    match kind {
        "folder" => fs::create_dir(path).expect("a folder"),
        "pipe" => assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo").success()),
        "socket" => drop(socket(path)),
        "dangling link" => symlink("nothing-is-here", path).expect("a link"),
        "link to itself" => symlink(path.file_name().expect("a name"), path).expect("a link"),
        device => symlink(device, path).expect("a link"),
    }
}

/// Deletes what is at `path`, whatever it is.
pub fn remove(path: &Path) {
    match fs::symlink_metadata(path) {
        Ok(facts) if facts.is_dir() => fs::remove_dir_all(path).expect("removed"),
        Ok(_) => fs::remove_file(path).expect("removed"),
        Err(_) => {}
    }
}

/// Binds a socket; its name may have 100 bytes only, so it is made where names are short and moved.
fn socket(path: &Path) -> UnixListener {
    let folder = tempfile::tempdir_in("/tmp").expect("a folder");
    let short = folder.path().join("s");
    let socket = UnixListener::bind(&short).expect("a socket");
    if fs::rename(&short, path).is_err() {
        return UnixListener::bind(path).expect("a socket");
    }
    socket
}
