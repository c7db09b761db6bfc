//! Why a table lacks a column, and what to do.

use super::shown;
use crate::config::nearest;
use crate::wording;

/// Why there may be no column `name`, and what to do.
pub(super) fn why_not(columns: &[String], name: &str) -> String {
    let names: Vec<&str> = columns.iter().map(String::as_str).collect();
    let first = names.first().copied().unwrap_or_default();
    if names.len() <= 1 && first.is_empty() {
        return "the file is empty".to_owned();
    }
    if let Some(delimiter) = first.strip_prefix("sep=") {
        let note = "its first line is a note for Excel; remove it";
        // With the right delimiter, the line ends where the note names it.
        return match delimiter.chars().next() {
            Some(delimiter) => format!("{note}, and set `delimiter = \"{delimiter}\"`"),
            None => note.to_owned(),
        };
    }
    // A title above the table.
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
            "without a line of names, columns are called 0, 1, 2, …; the last one is `\"{last}\"` \
             (`target = \"{last}\"`)"
        );
    }
    let is_number = |name: &&str| name.parse::<f64>().is_ok();
    if names.iter().all(is_number) {
        return "its first line holds numbers; the first line must name the columns, or train with \
                `has_headers = false` in `[data.csv]`, which calls them 0, 1, 2, …"
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
    // In short names most typos are other names.
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
