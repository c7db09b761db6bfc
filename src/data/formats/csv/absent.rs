//! Explains why a table lacks a column, with a remedy.

use super::shown;
use crate::config::nearest;
use crate::wording;

/// Why a column `name` may be missing, and the remedy.
pub(super) fn why_not(columns: &[String], name: &str) -> String {
    let names: Vec<&str> = columns.iter().map(String::as_str).collect();
    let first = names.first().copied().unwrap_or_default();
    if names.len() <= 1 && first.is_empty() {
        return "the file is empty".to_owned();
    }
    if let Some(delimiter) = first.strip_prefix("sep=") {
        let note = "its first line is a note for Excel; remove it";
        // With the right delimiter set, the line ends at the delimiter that the note names.
        return match delimiter.chars().next() {
            Some(delimiter) => format!("{note}, and set `delimiter = \"{delimiter}\"`"),
            None => note.to_owned(),
        };
    }
    // The table has a title above it.
    let only_first = names.len() > 1 && names[1..].iter().all(|name| name.is_empty());
    if first.starts_with('#') || only_first {
        return format!(
            "its first line is {}; the first line must name the columns",
            shown(&names.join(","))
        );
    }
    if names.iter().enumerate().all(|(place, name)| name.parse() == Ok(place)) {
        let last = names.len() - 1;
        return format!(
            "without a header, columns are named 0, 1, 2, …; the last one is `\"{last}\"` \
             (`target = \"{last}\"`)"
        );
    }
    let is_number = |name: &&str| name.parse::<f64>().is_ok();
    if names.iter().all(is_number) {
        return "its first line holds numbers; the first line must name the columns, or train with \
                `has_headers = false` in `[data.csv]`, which names them 0, 1, 2, …"
            .to_owned();
    }
    if let [only] = names[..]
        && let Some(delimiter) = [';', '\t', '|', ',', ' '].into_iter().find(|other| only.contains(*other))
    {
        let written = if delimiter == '\t' { "tab".to_owned() } else { delimiter.to_string() };
        return format!(
            "its first line, {}, was read as one name; if {delimiter:?} separates the columns, set \
             `delimiter = \"{written}\"` in `[data.csv]`",
            shown(only)
        );
    }
    // For short names, a near match is more likely another name than a typo.
    let same = names.iter().find(|other| other.eq_ignore_ascii_case(name)).copied();
    if let Some(near) = same.or_else(|| nearest(name, &names).filter(|_| name.chars().count() > 2)) {
        return format!("did you mean `{near}`?");
    }
    let values = if names.iter().any(is_number) {
        "; if its first line holds values, set `has_headers = false` in `[data.csv]`"
    } else {
        ""
    };
    format!("it has {}{values}", wording::names(&names, 20))
}
