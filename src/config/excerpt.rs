//! The excerpt of a text at which a message points.

use std::borrow::Cow;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Element, Origin, Snippet};

use super::document::Text;

/// The length in bytes up to which a line is passed to the renderer whole; longer lines are cut.
const LINE: usize = 4096;
/// The number of bytes of a long line that are shown before and after the start of the mistake.
const AROUND: usize = 100;
/// The length in bytes up to which a message is shown whole.
const MESSAGE: usize = 600;

/// The first line of `span` in `source`, with its place. The renderer gets only this line because it scans all
/// of its input for every message.
pub(super) fn excerpt<'a>(source: &'a Text, span: &Range<usize>) -> Vec<Element<'a>> {
    let text = source.text.as_str();
    let start = text.floor_char_boundary(span.start.min(text.len()));
    let begin = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let end = if text[start..end].ends_with('\r') { end - 1 } else { end };
    // A span of several lines is marked up to the end of the first: a caret under a whole file shows nothing.
    let stop = text.floor_char_boundary(span.end.clamp(start, end));
    let number = text[..begin].bytes().filter(|byte| *byte == b'\n').count() + 1;
    let marked = |from: usize, to: usize| {
        let span = start - from..stop.min(to) - from;
        Snippet::source(&text[from..to]).line_start(number).annotation(AnnotationKind::Primary.span(span))
    };
    if end - begin <= LINE {
        return vec![marked(begin, end).path(source.name.as_str()).into()];
    }
    let from = text.floor_char_boundary(start.saturating_sub(AROUND).max(begin));
    let to = text.floor_char_boundary((start + AROUND).min(end));
    let column = text[begin..start].chars().count() + 1;
    let place = Origin::path(source.name.as_str()).line(number).char_column(column);
    vec![place.into(), marked(from, to).into()]
}

/// `text` without its middle if it is long, such as a message about a key of a megabyte.
pub(super) fn shortened(text: &str) -> Cow<'_, str> {
    if text.len() <= MESSAGE {
        return text.into();
    }
    let half = MESSAGE / 2;
    let (head, tail) = (text.floor_char_boundary(half), text.ceil_char_boundary(text.len() - half));
    format!("{} … {}", &text[..head], &text[tail..]).into()
}

#[cfg(test)]
mod tests {
    use super::super::diagnostics::{Diagnostics, Finding};
    use super::super::document::{Origin, Text};

    fn rendered(text: &str, span: std::ops::Range<usize>) -> String {
        let sources = vec![Text { name: "x.toml".to_owned(), text: text.to_owned() }];
        Diagnostics::new(sources, vec![Finding::new("wrong", Some(Origin { source: 0, span }))]).render(false)
    }

    #[test]
    fn a_mistake_in_a_long_line_is_shown_with_its_place() {
        let text = format!("a = 1\n{}é = {}\n", "k".repeat(100_000), "v".repeat(100_000));
        let shown = rendered(&text, 100_006..100_008);
        assert!(shown.contains("x.toml:2:100001\n"), "{shown}");
        assert!(shown.contains("kkké = vvv"), "{shown}");
        assert!(shown.len() < 1000, "{shown}");
    }

    #[test]
    fn every_span_can_be_shown() {
        for text in ["", "\n", "é", "a\r\nb", "a\n", "\r", "é\né\n"] {
            for start in 0..text.len() + 2 {
                for end in start..text.len() + 2 {
                    assert!(rendered(text, start..end).contains("x.toml:"), "{text:?} {start}..{end}");
                }
            }
        }
    }

    #[test]
    fn a_long_message_loses_its_middle() {
        let long = format!("unknown key `{}` in `train`", "é".repeat(100_000));
        let short = super::shortened(&long);
        assert!(short.len() < 700 && short.starts_with("unknown key `é") && short.ends_with("é` in `train`"));
    }
}
