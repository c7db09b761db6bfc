//! Redirects, which taper follows itself, because each address may have its own proxy.

use ureq::http::header::{IF_RANGE, LOCATION, RANGE};
use ureq::http::{Response, Uri};
use ureq::{Agent, Body};

use super::failure::reason;
use super::message::{Request, header};
use super::{Patience, proxy};

/// The maximum number of redirects that are followed.
const MOST_REDIRECTS: usize = 5;

/// Sends a request and follows redirects.
pub fn follow(agent: &Agent, request: &Request, patience: Patience) -> Result<Response<Body>, String> {
    let mut address = request.address.clone();
    for _ in 0..=MOST_REDIRECTS {
        let uri: Uri = address.parse().map_err(|_| format!("{address} is not an address"))?;
        let proxy = proxy::for_address(&uri, |name| std::env::var(name).ok())?;
        let mut get = agent.get(uri).config().proxy(proxy).build();
        if request.from > 0 {
            get = get.header(RANGE, format!("bytes={}-", request.from));
            if let Some(version) = &request.version {
                get = get.header(IF_RANGE, version);
            }
        }
        let response = get.call().map_err(|error| reason(error, patience))?;
        let location = header(&response, &LOCATION).filter(|_| response.status().is_redirection());
        match location {
            Some(location) => address = join(&address, &location),
            None => return Ok(response),
        }
    }
    Err(format!("redirects more than {MOST_REDIRECTS} times"))
}

/// Resolves the address `location` against `base` (RFC 3986, section 5.2, without dot segments, which servers
/// resolve).
fn join(base: &str, location: &str) -> String {
    let (scheme, rest) = base.split_once("://").unwrap_or(("http", base));
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if location.starts_with("//") {
        format!("{scheme}:{location}")
    } else if location.starts_with('/') {
        format!("{scheme}://{host}{location}")
    } else if location.split(['/', '?', '#']).next().is_some_and(|start| start.ends_with(':')) {
        location.to_owned()
    } else {
        let folder = &path[..path.rfind('/').unwrap_or(0)];
        format!("{scheme}://{host}{folder}/{location}")
    }
}

#[cfg(test)]
mod tests {
    use super::join;

    #[test]
    fn redirects_lead_to_every_kind_of_address() {
        for (location, address) in [
            ("https://b.org/c", "https://b.org/c"),
            ("//b.org/c", "http://b.org/c"),
            ("/c?d=http://e", "http://a.org:80/c?d=http://e"),
            ("c", "http://a.org:80/x/c"),
        ] {
            assert_eq!(join("http://a.org:80/x/y", location), address);
        }
        assert_eq!(join("http://a.org", "c"), "http://a.org/c");
    }
}
