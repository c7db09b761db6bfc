//! `--set section.key=value`: single values on top of a file.

mod value;

use std::ops::Range;

use serde_json::Value as Json;

use super::diagnostics::Finding;
use super::document::{Entry, Node, Origin, Value};
use super::places::{child, is_open};

/// Puts `assignment` (the text of source number `source`) into `root`, a config of `schema`.
///
/// The value is TOML or JSON; what is neither is taken as a text, so that `name=first-try` works without
/// quotes, and what stands where only a text can is one, as in `name=2024`. A member of a section can be
/// named alone, `optimizer=sgd`. Blanks around the key and the value do not count.
///
/// List elements are named by number, `model.layers.0.dense.units=64` or `model.layers[0].dense.units=64`,
/// from the end as in `-1`; `model.layers.+` is a new one at the end, `model.layers.+2` one that is then
/// number 2. A name with dots stands in quotes, `gate."test.loss"="< 1"`, where it is not the last.
/// The word `null` removes a key, so that its default holds, or a list element.
pub(super) fn apply(root: &mut Node, assignment: &str, source: usize, schema: &Json) -> Result<(), Finding> {
    let whole = Origin { source, span: 0..assignment.len() };
    let Some((path, text)) = assignment.split_once('=') else {
        return Err(Finding::new("expected section.key=value", Some(whole)));
    };
    let mut places = segments(path);
    let mut here = Some(schema);
    let mut keys = Vec::new();
    while let Some((first, rest)) = places.split_first() {
        let mut span = first.clone();
        let mut next = rest.to_vec();
        if here.is_some_and(is_open) && !rest.is_empty() && !path[span.clone()].contains(['"', '\'']) {
            // `gate.test.loss`: the name is all that follows.
            span.end = path.len();
            next.clear();
        }
        let name = name(&path[span.clone()]);
        if name.is_empty() {
            return Err(Finding::new("empty name in the path", Some(whole)));
        }
        here = here.and_then(|here| child(schema, here, name));
        keys.push((name, Origin { source, span }));
        places = next;
    }
    let mut value = value::parse(text, source, path.len() + 1)?;
    if let Some(here) = here {
        value::fit(&mut value, assignment, schema, here);
    }
    let mut node = root;
    let last = keys.len() - 1;
    for (i, (key, origin)) in keys.into_iter().enumerate() {
        if i == last
            && matches!(value.value, Value::Null)
            && let Value::Array(items) = &mut node.value
        {
            let at = index(key, items.len()).ok_or_else(|| no_element(path, key, items.len(), origin))?;
            items.remove(at);
            return Ok(());
        }
        node = descend(node, path, key, origin)?;
    }
    *node = value;
    Ok(())
}

/// Where the names of `path` stand: separated by `.`, before `[` and before a `+` at the end, except within
/// quotes.
fn segments(path: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let (mut start, mut quote) = (0, None);
    let end = path.trim_end().len();
    for (at, c) in path[..end].char_indices() {
        match (c, quote) {
            ('"' | '\'', None) => quote = Some(c),
            (_, Some(open)) if c == open => quote = None,
            ('.' | '[', None) => {
                spans.push(start..at);
                start = if c == '.' { at + 1 } else { at };
            }
            ('+', None) if at + 1 == end && at > start => {
                spans.push(start..at);
                start = at;
            }
            _ => {}
        }
    }
    spans.push(start..end);
    spans
}

/// `segment` without its quotes or brackets.
fn name(segment: &str) -> &str {
    let segment = segment.trim();
    let within = |open, close| segment.strip_prefix(open)?.strip_suffix(close);
    within('"', '"').or_else(|| within('\'', '\'')).or_else(|| within('[', ']')).unwrap_or(segment)
}

/// The place called `segment` in `node`, made if a table lacks it or it says that it is new.
fn descend<'n>(
    node: &'n mut Node,
    path: &str,
    segment: &str,
    origin: Origin,
) -> Result<&'n mut Node, Finding> {
    let empty = |origin: &Origin| Node { value: Value::Table(Vec::new()), origin: origin.clone() };
    match &mut node.value {
        Value::Array(items) => {
            let count = items.len();
            let at = if let Some(place) = segment.strip_prefix('+') {
                let at = if place.is_empty() { Some(count) } else { place.parse().ok() };
                let at = at.filter(|at| *at <= count);
                at.inspect(|at| items.insert(*at, empty(&origin)))
            } else {
                index(segment, count)
            };
            match at {
                Some(at) => Ok(&mut items[at]),
                None => Err(no_element(path, segment, count, origin)),
            }
        }
        Value::Table(entries) => {
            let at = entries.iter().position(|entry| entry.key == segment).unwrap_or_else(|| {
                let node = empty(&origin);
                entries.push(Entry { key: segment.to_owned(), key_origin: origin, node });
                entries.len() - 1
            });
            Ok(&mut entries[at].node)
        }
        _ => Err(Finding::new(
            format!("`{segment}` cannot be set: what is before it is not a section"),
            Some(origin),
        )),
    }
}

/// The element of a list of `count` that `text` numbers from the front or, below 0, from the end.
fn index(text: &str, count: usize) -> Option<usize> {
    let index = match text.strip_prefix('-') {
        Some(back) => count.checked_sub(back.parse().ok().filter(|back| *back > 0)?)?,
        None => text.parse().ok()?,
    };
    (index < count).then_some(index)
}

/// The error for an element that a list of `count` does not have.
fn no_element(path: &str, segment: &str, count: usize, origin: Origin) -> Finding {
    let kind = if path.trim_start().starts_with("model.layers") { "layer" } else { "element" };
    let message = match count {
        0 => format!("there is no {kind} {segment}; the list is empty"),
        _ => format!("there is no {kind} {segment}; the list has {count}, numbered 0 to {}", count - 1),
    };
    Finding::new(message, Some(origin))
        .with_help("`+` in place of the number adds one at the end, `-1` is the last")
}
