//! `--set section.key=value`: single values on top of a file.

use std::ops::Range;

use super::diagnostics::Finding;
use super::document::{Entry, Node, Origin, Value};
use super::parse;

/// Puts `assignment` (the text of source number `source`) into `root`.
///
/// The value is TOML; what is not TOML is taken as a text, so that `name=first-try` works without
/// quotes. List elements are named by number, `model.layers.0.dense.units=64` or
/// `model.layers[0].dense.units=64`; a name with dots stands in quotes, `gate."test.loss"="< 1"`.
/// The word `null` takes a key back, so that its default holds.
pub(super) fn apply(root: &mut Node, assignment: &str, source: usize) -> Result<(), Finding> {
    let whole = Origin { source, span: 0..assignment.len() };
    let Some((path, text)) = assignment.split_once('=') else {
        return Err(Finding::new("expected section.key=value", Some(whole)));
    };
    let offset = path.len() + 1;
    let value = parse::toml_value(text, source, offset).unwrap_or_else(|| {
        let word = text.trim();
        let value = if word == "null" { Value::Null } else { Value::String(word.to_owned()) };
        Node { value, origin: Origin { source, span: offset..assignment.len() } }
    });

    let mut node = root;
    for span in segments(path) {
        let segment = name(&path[span.clone()]);
        if segment.is_empty() {
            return Err(Finding::new("empty name in the path", Some(whole)));
        }
        node = descend(node, segment, Origin { source, span })?;
    }
    *node = value;
    Ok(())
}

/// Where the names of `path` stand: separated by `.` and before `[`, except within quotes.
fn segments(path: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let (mut start, mut quote) = (0, None);
    for (at, c) in path.char_indices() {
        match (c, quote) {
            ('"' | '\'', None) => quote = Some(c),
            (_, Some(open)) if c == open => quote = None,
            ('.' | '[', None) => {
                spans.push(start..at);
                start = if c == '.' { at + 1 } else { at };
            }
            _ => {}
        }
    }
    spans.push(start..path.len());
    spans
}

/// `segment` without its quotes or brackets.
fn name(segment: &str) -> &str {
    let segment = segment.trim();
    let within = |open, close| segment.strip_prefix(open)?.strip_suffix(close);
    within('"', '"').or_else(|| within('\'', '\'')).or_else(|| within('[', ']')).unwrap_or(segment)
}

/// The place called `segment` in `node`, made if a table lacks it.
fn descend<'n>(node: &'n mut Node, segment: &str, origin: Origin) -> Result<&'n mut Node, Finding> {
    match &mut node.value {
        Value::Array(items) => {
            let count = items.len();
            let index = segment.parse::<usize>().ok().filter(|index| *index < count);
            index.and_then(|index| items.get_mut(index)).ok_or_else(|| {
                let message =
                    format!("this list has no element `{segment}`; it has {count}, numbered from 0");
                Finding::new(message, Some(origin))
            })
        }
        Value::Table(entries) => {
            let at = entries.iter().position(|entry| entry.key == segment).unwrap_or_else(|| {
                let node = Node { value: Value::Table(Vec::new()), origin: origin.clone() };
                entries.push(Entry { key: segment.to_owned(), key_origin: origin, node });
                entries.len() - 1
            });
            Ok(&mut entries[at].node)
        }
        _ => Err(Finding::new(
            format!("`{segment}` cannot be set: what is before it is no section"),
            Some(origin),
        )),
    }
}
