//! Moved keys: reports them with their new places and excludes them from further checks.

use super::document::{Entry, Node, Value};
use super::problem::{Path, Problem};

/// A key that has moved.
#[derive(Clone, Copy, Debug)]
pub struct Moved {
    /// The old place: section, member (`*` for all) and key.
    pub from: [&'static str; 3],
    /// The new place: section and key.
    pub to: [&'static str; 2],
}

/// Removes the `moved` keys from `root` and reports each with its new place.
pub(super) fn take_out(root: &mut Node, moved: &[Moved], found: &mut Vec<Problem>) {
    for Moved { from, to: [section, key] } in moved {
        each(root, from, &Path::default(), &mut |path, entry| {
            let value = shown(&entry.node).map(|value| format!(": `[{section}]`, `{key} = {value}`"));
            found.push(Problem {
                path: path.clone(),
                at_key: true,
                message: format!("`{}` has moved to `{section}.{key}`", entry.key),
                help: Some(format!(
                    "set it in the section `{section}`{}; `taper config init NEW --from OLD` updates a file",
                    value.unwrap_or_default()
                )),
            });
        });
    }
}

/// Calls `report` with each entry that matches `pattern` below `node`, and removes it.
fn each(node: &mut Node, pattern: &[&str], path: &Path, report: &mut impl FnMut(&Path, &Entry)) {
    let (Value::Table(entries), [name, rest @ ..]) = (&mut node.value, pattern) else { return };
    let fits = |entry: &Entry| *name == "*" || entry.key == *name;
    if rest.is_empty() {
        entries.retain(|entry| {
            if fits(entry) {
                report(&path.key(&entry.key), entry);
            }
            !fits(entry)
        });
    } else {
        for entry in entries.iter_mut().filter(|entry| fits(entry)) {
            each(&mut entry.node, rest, &path.key(&entry.key), report);
        }
    }
}

/// A number as text; `None` for other values.
fn shown(node: &Node) -> Option<String> {
    match node.value {
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        _ => None,
    }
}
