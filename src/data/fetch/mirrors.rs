//! The addresses to try, and the reasons why earlier ones failed.

use std::path::Path;

use super::sources::Source;
use crate::error::{Error, Result};

/// Addresses in the order in which they are tried. One that failed is not tried again for later files.
pub struct Mirrors {
    dataset: &'static str,
    left: Vec<String>,
    /// Hosts and reasons.
    failed: Vec<String>,
}

impl Mirrors {
    /// The data set's folder on the user's mirror, if there is one, then the addresses of `source`.
    ///
    /// # Errors
    /// [`Error::Usage`] if the user's is not an address.
    pub fn new(source: &Source, named: Option<&str>) -> Result<Self> {
        if let Some(named) = named
            && !["http://", "https://"].iter().any(|scheme| named.starts_with(scheme))
        {
            let message =
                format!("TAPER_MIRROR is {named:?}; expected an address such as https://host/folder");
            return Err(Error::Usage(message));
        }
        let named = named.map(|named| format!("{}/{}/", named.trim_end_matches('/'), source.name));
        let known = source.addresses.iter().map(|address| (*address).to_owned());
        Ok(Self { dataset: source.name, left: named.into_iter().chain(known).collect(), failed: Vec::new() })
    }

    /// The next address, which ends with a slash.
    pub fn next(&self) -> Option<&str> {
        self.left.first().map(String::as_str)
    }

    /// Drops the next address.
    pub fn drop_first(&mut self, reason: &str) {
        if !self.left.is_empty() {
            let address = self.left.remove(0);
            self.failed.push(format!("{} ({reason})", host(&address)));
        }
    }

    /// The error if no mirror had the file.
    pub fn failed(&self, file: &str, folder: &Path) -> Error {
        Error::Missing {
            place: self.dataset.into(),
            message: format!("{file} cannot be fetched"),
            details: vec![
                format!("tried: {}", self.failed.join(", ")),
                format!(
                    "to do: check the network (HTTPS_PROXY sets a proxy, TAPER_MIRROR another mirror), or put the files \
                     into {} by hand",
                    folder.display()
                ),
            ],
        }
    }
}

/// The host of an address, without user name and password.
fn host(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let host = rest.split('/').next().unwrap_or(rest);
    host.rsplit('@').next().unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::fetch::sources::MNIST;

    #[test]
    fn the_users_mirror_is_tried_first_and_failures_are_listed() {
        let mut mirrors = Mirrors::new(&MNIST, Some("http://me:secret@m:8000/d/")).unwrap();
        assert_eq!(mirrors.next(), Some("http://me:secret@m:8000/d/mnist/"));
        mirrors.drop_first("connection refused");
        assert_eq!(mirrors.next(), Some(MNIST.addresses[0]));
        mirrors.drop_first("404 Not Found");
        let error = mirrors.failed("a.gz", Path::new("data/mnist"));
        assert_eq!(error.exit_code(), 3);
        let text = error.to_string();
        assert!(
            text.starts_with(
                "mnist: a.gz cannot be fetched; tried: m:8000 (connection refused), storage.googleapis.com (404 Not Found); \
                 to do: "
            ),
            "{text}"
        );
        assert!(text.ends_with("into data/mnist by hand") && !text.contains("secret"), "{text}");
        assert!(matches!(Mirrors::new(&MNIST, Some("m:8000")), Err(Error::Usage(_))));
    }
}
