//! Downloads the files of a data set from the first mirror that has them.

use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::time::Duration;

use super::Fetch;
use super::archive;
use super::attempts::Attempts;
use super::client::Client;
use super::mirrors::Mirrors;
use super::part::{Part, is};
use super::sources::RemoteFile;
use crate::durable::create_folder;
use crate::error::{Error, Result};

/// Locked while a data set is fetched into a folder.
const LOCK: &str = ".lock";
/// The interval at which another process's lock is tested.
const TICK: Duration = Duration::from_millis(50);

/// Fetches the files that are missing from `folder`; those that are there are verified and kept.
pub fn download(fetch: &Fetch<'_>, folder: &Path) -> Result<()> {
    let mut mirrors = Mirrors::new(fetch.source, fetch.mirror)?;
    create_folder(folder)?;
    let _lock = lock(fetch, folder)?;
    let unpacked = fetch.source.unpacked;
    if !unpacked.is_empty() && unpacked.iter().all(|name| folder.join(name).exists()) {
        return Ok(());
    }
    let mut client = None;
    for file in fetch.source.files {
        let path = folder.join(file.name);
        if !path.exists() {
            let client = client.get_or_insert_with(|| Client::new(fetch.patience));
            download_file(fetch, file, &path, &mut mirrors, client)?;
        } else if !is(&path, file, fetch.loading)? {
            let message =
                format!("does not match the file of {}; move it away and fetch again", fetch.source.name);
            return Err(Error::data(path, message));
        }
        if !unpacked.is_empty() {
            archive::unpack(&path, unpacked, folder, fetch.loading)?;
            fs::remove_file(&path).map_err(Error::io(&path, "delete it"))?;
        }
    }
    Ok(())
}

/// Locks `folder`, waiting for other processes that fetch into it.
fn lock(fetch: &Fetch<'_>, folder: &Path) -> Result<File> {
    let path = folder.join(LOCK);
    let open = File::options().write(true).create(true).truncate(false).open(&path);
    let lock = open.map_err(Error::io(&path, "open the lock"))?;
    let mut waiting = false;
    loop {
        fetch.loading.check()?;
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::Error(error)) => return Err(Error::io(&path, "lock it")(error)),
            Err(TryLockError::WouldBlock) if waiting => std::thread::sleep(TICK),
            Err(TryLockError::WouldBlock) => {
                tracing::warn!("another process is fetching {}; waiting for it", fetch.source.name);
                waiting = true;
            }
        }
    }
}

fn download_file(
    fetch: &Fetch<'_>,
    file: &RemoteFile,
    path: &Path,
    mirrors: &mut Mirrors,
    client: &Client,
) -> Result<()> {
    let mut part = Part::open(path)?;
    if part.length() > file.most() {
        part.clear()?;
    }
    while let Some(mirror) = mirrors.next() {
        let address = format!("{mirror}{}", file.name);
        tracing::info!("fetching {address} from byte {}", part.length());
        let attempts = Attempts { file, path, client, loading: fetch.loading, part: &mut part };
        match attempts.run(&address)? {
            Ok(()) => return part.publish(path),
            Err(reason) => {
                tracing::info!("{address}: {reason}");
                mirrors.drop_first(&reason);
            }
        }
    }
    part.drop_if_empty();
    Err(mirrors.failed(file.name, path.parent().unwrap_or(path)))
}
