//! The page for people, on which the models can be tried, and what it needs beyond the protocols.

mod models;

pub use models::{Models, models};

use std::fmt::Write as _;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::reply::Reply;

/// The page, which loads nothing from other servers.
const PAGE: &str = include_str!("index.html");

/// What a browser may do for the page: apply its own styles, run its own script, and talk to this server.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let mut policy = "default-src 'none'; connect-src 'self'; img-src 'self' data: blob:; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'"
        .to_owned();
    for (directive, tag) in [("style-src", "style"), ("script-src", "script")] {
        let _ = write!(policy, "; {directive}");
        for content in contents(PAGE, tag) {
            let _ = write!(policy, " 'sha256-{}'", STANDARD.encode(Sha256::digest(content)));
        }
    }
    policy
});

/// The page on which models can be tried.
#[must_use]
pub fn reply() -> Reply {
    Reply::text(200, "text/html; charset=utf-8", PAGE)
        .with("Content-Security-Policy", POLICY.as_str())
        .with("X-Content-Type-Options", "nosniff")
        .with("Referrer-Policy", "no-referrer")
        .with("Cache-Control", "no-cache")
}

/// What is between `<tag>` and `</tag>`, wherever it occurs in `html`.
fn contents<'a>(html: &'a str, tag: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
    let parts: Vec<&str> = html.split(&open).skip(1).collect();
    parts.into_iter().filter_map(move |part| part.split_once(&close)).map(|(content, _)| content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_small_and_refers_to_nothing_elsewhere() {
        assert!(PAGE.len() < 32 << 10, "{} bytes", PAGE.len());
        let links =
            PAGE.split("http").skip(1).filter(|rest| rest.starts_with("://") || rest.starts_with("s://"));
        let elsewhere: Vec<&str> = links.filter(|rest| !rest.starts_with("://www.w3.org/2000/svg")).collect();
        assert!(elsewhere.is_empty(), "{elsewhere:?}");
        for word in [
            "src=\"",
            "@import",
            "url(",
            "<link rel=\"stylesheet",
            "//cdn",
            "eval(",
            "innerHTML",
            " style=\"",
        ] {
            assert!(!PAGE.contains(word), "{word}");
        }
    }

    #[test]
    fn the_policy_allows_the_one_style_and_the_one_script_of_the_page() {
        for tag in ["style", "script"] {
            assert_eq!(contents(PAGE, tag).count(), 1, "{tag}");
            assert_eq!(PAGE.matches(&format!("<{tag}")).count(), 1, "{tag}");
        }
        assert_eq!(POLICY.matches("sha256-").count(), 2);
        assert!(!POLICY.contains("-inline") && !POLICY.contains("-eval"), "{}", *POLICY);
        let digest = STANDARD.encode(Sha256::digest("a { b: c }"));
        assert_eq!(contents("<p><style>a { b: c }</style>", "style").collect::<Vec<_>>(), ["a { b: c }"]);
        assert_eq!(digest.len(), 44);
    }
}
