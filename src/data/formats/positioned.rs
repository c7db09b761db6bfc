//! Reads and writes at a position of a file, from several threads at once.

use std::fs::File;
use std::io;

/// Fills `to` from `position` on.
///
/// # Errors
/// If the file ends before, or cannot be read.
#[cfg(unix)]
pub(in crate::data) fn read_at(file: &File, position: u64, to: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, to, position)
}

/// Writes all of `from` at `position`.
///
/// # Errors
/// If the disk is full, or the file cannot be written.
#[cfg(unix)]
pub(in crate::data) fn write_at(file: &File, position: u64, from: &[u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, from, position)
}

/// As on Unix.
///
/// # Errors
/// As on Unix.
#[cfg(windows)]
pub(in crate::data) fn read_at(file: &File, mut position: u64, mut to: &mut [u8]) -> io::Result<()> {
    while !to.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, to, position)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                to = &mut to[count..];
                position += count as u64;
            }
        }
    }
    Ok(())
}

/// As on Unix.
///
/// # Errors
/// As on Unix.
#[cfg(windows)]
pub(in crate::data) fn write_at(file: &File, mut position: u64, mut from: &[u8]) -> io::Result<()> {
    while !from.is_empty() {
        match std::os::windows::fs::FileExt::seek_write(file, from, position)? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            count => {
                from = &from[count..];
                position += count as u64;
            }
        }
    }
    Ok(())
}
