//! Versions that are damaged, incomplete or gone never take away what is served.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use taper::random::{Purpose, Stream};

use super::{line, move_into_place, place};
use crate::client::{Client, Served};
use crate::tier::{report, times};
use crate::workspace::Workspace;

/// What happens to the source of a model.
const DAMAGES: [&str; 9] = [
    "cut",
    "a bit of the header flipped",
    "empty",
    "noise",
    "a folder in place of the file",
    "an infinite weight",
    "no file",
    "copied in two halves",
    "moved away and back",
];

#[test]
fn a_damaged_or_vanished_source_never_takes_a_served_version_away() {
    let wanted = times([18, 60, 200]);
    let workspace = Workspace::new();
    place(&workspace, 1);
    let server = Served::start(&workspace, &["m=versions", "--set", "serve.poll_seconds=0.01"]);
    let (stop, served, requests) = (AtomicBool::new(false), AtomicU64::new(1), AtomicU64::new(0));
    let mut random = Stream::new(0, Purpose::Data, [2, 0]);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut client = server.client();
            while !stop.load(Ordering::Relaxed) {
                let oldest = served.load(Ordering::SeqCst);
                let answer = client.post("/v1/models/m:predict", "{\"instances\":[[1.5]]}");
                assert_eq!(answer.status, 200, "{}", answer.text());
                let found = answer.json()["predictions"][0][0].as_f64().expect("a number") as u64;
                assert!(found == oldest || found == oldest + 1, "version {found} after {oldest}");
                requests.fetch_add(1, Ordering::Relaxed);
            }
        });
        let mut client = server.client();
        for round in 0..wanted {
            let (number, damage) = (served.load(Ordering::SeqCst) + 1, DAMAGES[round % DAMAGES.len()]);
            match damage {
                "moved away and back" => {
                    rename(&workspace, "versions", "away");
                    until(&mut client, damage, |client| {
                        client.get("/metrics").text().contains("taper_model_source_ok{model=\"m\"} 0")
                    });
                    rename(&workspace, "away", "versions");
                    until(&mut client, damage, |client| {
                        client.get("/metrics").text().contains("taper_model_source_ok{model=\"m\"} 1")
                    });
                    continue;
                }
                "copied in two halves" => {
                    let good = line(&workspace, 0.0, number as f32);
                    let file = workspace.file(&format!("versions/{number}/model.safetensors"), &good[..60]);
                    until(&mut client, damage, |client| explains(client, number));
                    fs::write(file, &good).expect("written");
                    until(&mut client, damage, |client| {
                        client.get(&format!("/v2/models/m/versions/{number}/ready")).status == 200
                    });
                    served.store(number, Ordering::SeqCst);
                    fs::remove_dir_all(workspace.path(format!("versions/{}", number - 1))).expect("removed");
                    continue;
                }
                _ => {}
            }
            place_damaged(&workspace, number, damage, &mut random);
            until(&mut client, damage, |client| explains(client, number));
            fs::remove_dir_all(workspace.path(format!("versions/{number}"))).expect("removed");
        }
        stop.store(true, Ordering::Relaxed);
    });
    let figures = json!({ "sources": wanted, "requests": requests.into_inner(), "wrong": 0, "failed": 0 });
    report("serve_damage", &figures);
}

/// Moves a version into place whose file has the damage.
fn place_damaged(workspace: &Workspace, number: u64, damage: &str, random: &mut Stream) {
    let mut content = line(workspace, 0.0, number as f32);
    let name = format!("new/{number}/model.safetensors");
    let header = u64::from_le_bytes(content[..8].try_into().expect("a header"));
    match damage {
        "cut" => content.truncate(random.below(content.len() as u64) as usize),
        // The text begins with `{"`, and then a name.
        "a bit of the header flipped" => content[8 + random.below(8) as usize] ^= 1,
        "empty" => content.clear(),
        "noise" => content.iter_mut().for_each(|byte| *byte = random.below(256) as u8),
        "an infinite weight" => {
            let start = 8 + header as usize;
            content[start..start + 4].copy_from_slice(&f32::INFINITY.to_le_bytes());
        }
        "a folder in place of the file" => {
            workspace.file(&format!("{name}/file"), "");
        }
        _ => {
            workspace.file(&format!("new/{number}/other.txt"), "");
        }
    }
    if !matches!(damage, "a folder in place of the file" | "no file") {
        workspace.file(&name, content);
    }
    move_into_place(workspace, number);
}

/// Whether the status of version `number` says why it cannot be loaded.
fn explains(client: &mut Client, number: u64) -> bool {
    let answer = client.get(&format!("/v1/models/m/versions/{number}"));
    let status = &answer.json()["model_version_status"][0];
    let message = status["status"]["error_message"].as_str().unwrap_or("");
    status["state"] == "END" && message.contains(&format!("versions/{number}")) && message.contains(": ")
}

fn until(client: &mut Client, what: &str, is_so: impl Fn(&mut Client) -> bool) {
    let start = Instant::now();
    while !is_so(client) {
        assert!(start.elapsed() < Duration::from_secs(20), "{what}: not noticed");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn rename(workspace: &Workspace, from: &str, to: &str) {
    fs::rename(workspace.path(from), workspace.path(to)).expect("moved");
}
