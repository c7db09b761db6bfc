//! Keys that have moved: found, explained, and left out of the further checks.

use super::document::{Entry, Node, Value};
use super::problem::{Path, Problem};

/// A key that has moved.
#[derive(Clone, Copy, Debug)]
pub struct Moved {
    /// The section, the member (`*` for every one) and the key where it stood.
    pub from: [&'static str; 3],
    /// The section and the key where it stands now.
    pub to: [&'static str; 2],
}

/// Takes the keys that have `moved` out of `root`, each with a problem that names its new place.
pub(super) fn take_out(root: &mut Node, moved: &[Moved], found: &mut Vec<Problem>) {
    for Moved { from, to: [section, key] } in moved {
        each(root, from, &Path::default(), &mut |path, entry| {
            let value = shown(&entry.node).map(|value| format!(": `[{section}]`, `{key} = {value}`"));
            found.push(Problem {
                path: path.clone(),
                at_key: true,
                message: format!("`{}` has moved to `{section}.{key}`", entry.key),
                help: Some(format!(
                    "set it in the section `{section}`{}; `taper config init NEW --from OLD` rewrites a file",
                    value.unwrap_or_default()
                )),
            });
        });
    }
}

/// Calls `report` with every entry at `pattern` below `node`, and removes it.
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

/// A number as it stands in a file.
fn shown(node: &Node) -> Option<String> {
    match node.value {
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        _ => None,
    }
}
