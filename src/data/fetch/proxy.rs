//! The proxy for an address: `HTTPS_PROXY` or `HTTP_PROXY`, else `ALL_PROXY`, except for the hosts in `NO_PROXY`;
//! lower-case names are read as well.
//!
//! As in curl, an entry of `NO_PROXY` is a host, which stands for its subdomains as well, or `*`. Unlike curl, taper reads
//! `HTTP_PROXY` in capitals too, because it never runs as a CGI program.

use ureq::Proxy;
use ureq::http::Uri;

/// The proxy for `address`, if there is one, as `variable` returns the environment.
///
/// # Errors
/// If the variable's value is not the address of a proxy.
pub fn for_address(
    address: &Uri,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Proxy>, String> {
    let value = |name: &str| {
        let set = |name: &str| {
            variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        set(name).or_else(|| set(&name.to_ascii_lowercase()))
    };
    let own = if address.scheme_str() == Some("https") { "HTTPS_PROXY" } else { "HTTP_PROXY" };
    let Some((name, proxy)) = [own, "ALL_PROXY"].iter().find_map(|name| Some((*name, value(name)?))) else {
        return Ok(None);
    };
    if value("NO_PROXY").is_some_and(|list| lists(&list, address.host().unwrap_or_default())) {
        return Ok(None);
    }
    match Proxy::new(&proxy) {
        Ok(proxy) => Ok(Some(proxy)),
        // The value may hold a password.
        Err(_) => Err(format!("{name} is not the address of a proxy, such as http://proxy.example.com:8080")),
    }
}

fn lists(list: &str, host: &str) -> bool {
    let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
    list.split([',', ' ']).any(|entry| {
        let entry = entry.trim().trim_start_matches("*.").trim_start_matches('.').to_ascii_lowercase();
        let is_below = || host.strip_suffix(&entry).is_some_and(|rest| rest.ends_with('.'));
        entry == "*" || (!entry.is_empty() && (host == entry || is_below()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(address: &str, variables: &[(&str, &str)]) -> Result<Option<String>, String> {
        let variable =
            |name: &str| variables.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned());
        let found = for_address(&address.parse().unwrap(), variable)?;
        Ok(found.map(|proxy| format!("{}:{}", proxy.host(), proxy.port())))
    }

    #[test]
    fn the_scheme_chooses_the_variable_and_all_proxy_stands_in() {
        let variables = [("HTTPS_PROXY", "http://s:1"), ("http_proxy", "h:2"), ("ALL_PROXY", "socks5://a:3")];
        assert_eq!(proxy("https://x.org/", &variables).unwrap().as_deref(), Some("s:1"));
        assert_eq!(proxy("http://x.org/", &variables).unwrap().as_deref(), Some("h:2"));
        assert_eq!(proxy("http://x.org/", &variables[2..]).unwrap().as_deref(), Some("a:3"));
        assert_eq!(proxy("http://x.org/", &[("HTTP_PROXY", " ")]), Ok(None));
        assert_eq!(proxy("http://x.org/", &[]), Ok(None));
        let wrong = proxy("http://x.org/", &[("HTTP_PROXY", "http://me:secret@")]).unwrap_err();
        assert!(wrong.contains("HTTP_PROXY") && !wrong.contains("secret"), "{wrong}");
    }

    #[test]
    fn no_proxy_lists_hosts_and_their_subdomains() {
        for (list, listed) in [
            ("x.org", true),
            ("y.org, .X.org", true),
            ("*.x.org", true),
            ("*", true),
            ("www.x.org", true),
            ("ww.x.org,org.x", false),
            ("", false),
        ] {
            let found = proxy("https://www.x.org/a", &[("ALL_PROXY", "a:3"), ("NO_PROXY", list)]).unwrap();
            assert_eq!(found.is_none(), listed, "{list}");
        }
    }
}
