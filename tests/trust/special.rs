//! Objects that may be found in place of a file.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

/// Everything other than a regular file, and dangling names.
pub const KINDS: [&str; 8] =
    ["folder", "pipe", "/dev/zero", "/dev/full", "/dev/null", "socket", "dangling link", "link to itself"];

/// Puts an object of this kind at `path`, replacing what is there.
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

/// Deletes whatever is at `path`.
pub fn remove(path: &Path) {
    match fs::symlink_metadata(path) {
        Ok(facts) if facts.is_dir() => fs::remove_dir_all(path).expect("removed"),
        Ok(_) => fs::remove_file(path).expect("removed"),
        Err(_) => {}
    }
}

/// Binds a socket. Its path is limited to about 100 bytes, so it is created at a short path and moved.
fn socket(path: &Path) -> UnixListener {
    let folder = tempfile::tempdir_in("/tmp").expect("a folder");
    let short = folder.path().join("s");
    let socket = UnixListener::bind(&short).expect("a socket");
    if fs::rename(&short, path).is_err() {
        return UnixListener::bind(path).expect("a socket");
    }
    socket
}
