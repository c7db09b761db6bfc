//! Full disks, and partial writes.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::subject::{self, MLP};
use crate::tier::{report, times};
use crate::workspace::{Outcome, Workspace};

/// A small disk in memory, unmounted when this value is dropped.
pub struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    /// `None` if this user may not mount one.
    pub fn mount(folder: &'a Path, kibibytes: usize) -> Option<Self> {
        std::fs::create_dir_all(folder).expect("a folder");
        let size = format!("size={kibibytes}k");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "taper-test"]).arg(folder).stderr(Stdio::null());
        mount.status().is_ok_and(|status| status.success()).then_some(Self(folder))
    }

    /// Makes room for everything.
    pub fn grow(&self) {
        let status = Command::new("mount").args(["-o", "remount,size=16m"]).arg(self.0).status();
        assert!(status.expect("mount runs").success());
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

#[test]
fn a_full_disk_loses_nothing_and_the_run_resumes_when_there_is_room() {
    let workspace = MLP.workspace();
    workspace.ok(&MLP.arguments("whole"));
    let mut ended = [0, 0];
    let mut with_checkpoint = 0;
    // From too small for a config to large enough for everything.
    for kibibytes in (4..=256).step_by(times([36, 4, 4])) {
        let disk = workspace.path("disk");
        let Some(disk) = SmallDisk::mount(&disk, kibibytes) else {
            eprintln!("skipped: needs leave to mount a disk");
            return;
        };
        let run = disk.0.join("run");
        let outcome = workspace.run(&MLP.arguments("disk/run"));
        assert!([0, 1].contains(&outcome.code), "{kibibytes} KiB: exit {}: {}", outcome.code, outcome.stderr);
        ended[usize::from(outcome.code == 1)] += 1;
        let messages = outcome.messages();
        let explained = messages.lines().count() == 1 && messages.contains("No space left on device");
        assert!(outcome.code == 0 || explained, "{kibibytes} KiB: {messages}");
        with_checkpoint += u64::from(subject::latest_step(&run).is_some());
        disk.grow();
        workspace.ok(&MLP.arguments("disk/run"));
        subject::assert_same(&workspace.path("whole"), &run, &format!("{kibibytes} KiB"));
    }
    assert!(ended[1] >= 4, "the disks were not full");
    report(
        "full disks",
        &json!({ "disks": ended[0] + ended[1], "full": ended[1], "stopped_with_a_checkpoint": with_checkpoint,
            "bad_states": 0 }),
    );
}

/// Writes at most half of what is requested, and every third time nothing, as after a signal.
const HALF_WRITES: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <unistd.h>
ssize_t write(int fd, const void *from, size_t count) {
  static ssize_t (*real)(int, const void *, size_t);
  static int calls;
  if (!real) real = dlsym(RTLD_NEXT, "write");
  if (++calls % 3 == 0) { errno = EINTR; return -1; }
  return real(fd, from, count > 1 ? count / 2 : count);
}
"#;

#[test]
fn partial_writes_do_not_change_the_result() {
    let workspace = MLP.workspace();
    workspace.file("half.c", HALF_WRITES);
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-o", "half.so", "half.c", "-ldl"])
        .current_dir(workspace.path(""))
        .status();
    if !compiled.is_ok_and(|status| status.success()) {
        eprintln!("skipped: needs a C compiler");
        return;
    }
    workspace.ok(&MLP.arguments("whole"));
    let halved = |workspace: &Workspace| {
        let mut command = workspace.command(&MLP.arguments("halves"));
        Outcome::of(
            command.env("LD_PRELOAD", workspace.path("half.so")).output().expect("the program starts"),
        )
    };
    let outcome = halved(&workspace);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    subject::assert_same(&workspace.path("whole"), &workspace.path("halves"), "half writes");
}
