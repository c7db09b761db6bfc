//! Bearer tokens.

use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use subtle::ConstantTimeEq as _;

use crate::digest::sha256;
use crate::error::{Error, Result};
use crate::files;

/// The maximum size of a token file, in bytes.
const LIMIT: u64 = 1 << 20;

/// The tokens that are accepted.
pub struct Tokens {
    path: PathBuf,
    /// Names, with the digests of their tokens: comparing takes the same time for tokens of any length, and
    /// no token is kept in memory.
    known: RwLock<Vec<(String, String)>>,
}

impl Tokens {
    /// Reads the tokens in the file at `path`.
    ///
    /// # Errors
    /// [`Error::Usage`] if it cannot be read, or holds no token.
    pub fn read(path: &Path) -> Result<Self> {
        let known = RwLock::new(parse(path)?);
        Ok(Self { path: path.to_path_buf(), known })
    }

    /// Reads the file again; until that succeeds, the previous tokens are valid.
    ///
    /// # Errors
    /// As [`read`](Self::read); the tokens are then unchanged.
    pub fn reload(&self) -> Result<()> {
        let fresh = parse(&self.path)?;
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// The name of the token in `header`, the value of `Authorization`, if it is valid.
    #[must_use]
    pub fn name(&self, header: Option<&str>) -> Option<String> {
        let (scheme, token) = header?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let digest = sha256(token.trim().as_bytes());
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        // All are compared, so that the time does not reveal which one nearly matched.
        let mut found = None;
        for (name, own) in known.iter() {
            if bool::from(own.as_bytes().ct_eq(digest.as_bytes())) {
                found = Some(name.clone());
            }
        }
        found
    }
}

/// The names and digests in the file at `path`: one `NAME: TOKEN` or one token per line; `#` starts a comment.
fn parse(path: &Path) -> Result<Vec<(String, String)>> {
    let refuse = |message: &str| Error::Usage(format!("{}: {message}", path.display()));
    let content = files::read(path, LIMIT).map_err(Error::of_usage)?;
    let text = str::from_utf8(&content).map_err(|_| refuse("not UTF-8 text"))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut known = Vec::new();
    for (index, line) in lines.enumerate() {
        let (name, token) = match line.split_once(':') {
            Some((name, token)) => (name.trim().to_owned(), token.trim()),
            None => (format!("token {}", index + 1), line),
        };
        if token.len() < 16 || token.contains(char::is_whitespace) {
            return Err(refuse(&format!("the token called {name:?} has spaces or fewer than 16 characters")));
        }
        known.push((name, sha256(token.as_bytes())));
    }
    if known.is_empty() { Err(refuse("holds no token")) } else { Ok(known) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_tokens_of_the_file_are_valid() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        std::fs::write(&path, "# ours\nteam-a: 0123456789abcdef\n\nfedcba9876543210\n").unwrap();
        let tokens = Tokens::read(&path).unwrap();
        let name = |header: &str| tokens.name(Some(header));
        assert_eq!(name("Bearer 0123456789abcdef").as_deref(), Some("team-a"));
        assert_eq!(name("bearer fedcba9876543210").as_deref(), Some("token 2"));
        for wrong in ["Bearer 0123456789abcdeF", "Bearer ", "0123456789abcdef", "Basic 0123456789abcdef", ""]
        {
            assert_eq!(name(wrong), None, "{wrong}");
        }
        assert_eq!(tokens.name(None), None);

        std::fs::write(&path, "short: abc").unwrap();
        assert!(tokens.reload().is_err());
        assert!(name("Bearer 0123456789abcdef").is_some(), "the old tokens stay");
        std::fs::write(&path, "aaaaaaaaaaaaaaaaaaaa").unwrap();
        tokens.reload().unwrap();
        assert_eq!(name("Bearer 0123456789abcdef"), None);
    }
}
