//! `--set section.key=value`: overrides single values of a config.

mod value;

use std::ops::Range;

use serde_json::Value as Json;

use super::diagnostics::Finding;
use super::document::{Entry, Node, Origin, Value};
use super::places::{child, is_open};

/// Applies `assignment` (text number `source`) to `root`, a config with `schema`.
///
/// The value is TOML or JSON. Anything else is a string, so that `name=first-try` works without quotes; where
/// only a string is allowed, every value is one, as in `name=2024`. A section can be set to the name of a member:
/// `optimizer=sgd`. Spaces around key and value are ignored.
///
/// Array elements are given by index, `model.layers.0.dense.units=64` or `model.layers[0].dense.units=64`,
/// negative from the end; `model.layers.+` appends an element, `model.layers.+2` inserts one at index 2. A key
/// with dots is quoted, `gate."test.loss"="< 1"`, unless it is the last part.
/// The value `null` resets a key to its default, or removes an array element.
pub(super) fn apply(root: &mut Node, assignment: &str, source: usize, schema: &Json) -> Result<(), Finding> {
    let whole = Origin { source, span: 0..assignment.len() };
    let Some((path, text)) = assignment.split_once('=') else {
        return Err(Finding::new("expected KEY=VALUE", Some(whole)));
    };
    let mut places = segments(path);
    let mut here = Some(schema);
    let mut keys = Vec::new();
    while let Some((first, rest)) = places.split_first() {
        let mut span = first.clone();
        let mut next = rest.to_vec();
        if here.is_some_and(is_open) && !rest.is_empty() && !path[span.clone()].contains(['"', '\'']) {
            // `gate.test.loss`: the rest of the path is one key.
            span.end = path.len();
            next.clear();
        }
        let name = name(&path[span.clone()]);
        if name.is_empty() {
            return Err(Finding::new("empty part in the key", Some(whole)));
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

/// The ranges of the parts of `path`. Outside of quotes, a part ends at `.`, before `[`, and before a final `+`.
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

/// The child `segment` of `node`, which is created if a table lacks it or `segment` starts with `+`.
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
            format!("cannot set `{segment}`: the key before it is not a table"),
            Some(origin),
        )),
    }
}

/// The index `text` into an array of `count` elements; negative indices count from the end.
fn index(text: &str, count: usize) -> Option<usize> {
    let index = match text.strip_prefix('-') {
        Some(back) => count.checked_sub(back.parse().ok().filter(|back| *back > 0)?)?,
        None => text.parse().ok()?,
    };
    (index < count).then_some(index)
}

/// The error for an index that is out of range in an array of `count` elements.
fn no_element(path: &str, segment: &str, count: usize, origin: Origin) -> Finding {
    let is_layer = path.trim_start().starts_with("model.layers");
    let (kind, one) = if is_layer { ("layer", "a layer") } else { ("element", "an element") };
    let message = match count {
        0 => format!("{kind} {segment} does not exist: the array is empty"),
        1 => format!("{kind} {segment} does not exist: the only index is 0"),
        _ => format!("{kind} {segment} does not exist: indices are 0 to {}", count - 1),
    };
    Finding::new(message, Some(origin))
        .with_help(format!("use `+` as the index to add {one} at the end, `-1` for the last"))
}
