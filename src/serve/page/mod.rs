//! The page for people, and the description for programs.

use super::reply::Reply;

/// The page, which needs nothing from elsewhere.
const PAGE: &str = include_str!("index.html");

/// The page on which models can be tried.
#[must_use]
pub fn reply() -> Reply {
    let policy = "default-src 'none'; connect-src 'self'; img-src 'self' data: blob:; style-src 'unsafe-inline'; \
                  script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    Reply::text(200, "text/html; charset=utf-8", PAGE)
        .with("Content-Security-Policy", policy)
        .with("X-Content-Type-Options", "nosniff")
        .with("Cache-Control", "no-cache")
}
