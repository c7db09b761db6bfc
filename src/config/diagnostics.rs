//! Config errors for people: the message, the place with an excerpt, and the remedy.

use annotate_snippets::{Group, Level, Renderer};

use super::document::{Node, Origin, Text};
use super::excerpt::{excerpt, shortened};
use super::problem::Problem;

/// The number of findings that are shown: nobody reads more, and rendering takes time.
const SHOWN: usize = 20;
/// The replacement for control characters.
const REPLACED: &str = "\u{fffd}";

/// All mistakes in one config.
#[derive(Clone, Debug)]
pub struct Diagnostics {
    sources: Vec<Text>,
    findings: Vec<Finding>,
}

/// A mistake with its place in a text.
#[derive(Clone, Debug)]
pub struct Finding {
    message: String,
    help: Option<String>,
    origin: Option<Origin>,
}

/// A mistake, for programs.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Mistake<'a> {
    /// What is wrong.
    pub message: &'a str,
    /// How to fix it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<&'a str>,
    /// The file, or other source of the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<&'a str>,
    /// The line, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The column in characters, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
}

impl Finding {
    /// A finding with its message and, if known, its place.
    #[must_use]
    pub fn new(message: impl Into<String>, origin: Option<Origin>) -> Self {
        Self { message: message.into(), help: None, origin }
    }

    /// A finding for `problem`, at the place of its path in `root`.
    #[must_use]
    pub fn locate(problem: &Problem, root: &Node) -> Self {
        let path = problem.path.to_string();
        let message = if path.is_empty() || problem.at_key {
            problem.message.clone()
        } else {
            format!("{path}: {}", problem.message)
        };
        Self { message, help: problem.help.clone(), origin: Some(root.locate(&problem.path, problem.at_key)) }
    }

    /// Adds how to fix it.
    #[must_use]
    pub fn with_help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

impl Diagnostics {
    /// Findings in `sources`, sorted by place.
    #[must_use]
    pub fn new(mut sources: Vec<Text>, mut findings: Vec<Finding>) -> Self {
        // The renderer does not escape names.
        for source in &mut sources {
            source.name = source.name.replace(char::is_control, REPLACED);
        }
        findings
            .sort_by_key(|finding| finding.origin.as_ref().map(|origin| (origin.source, origin.span.start)));
        Self { sources, findings }
    }

    /// The number of findings.
    #[must_use]
    pub fn len(&self) -> usize {
        self.findings.len()
    }

    /// Whether there are no findings.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// The message of the first finding, without its place.
    #[must_use]
    pub fn first(&self) -> &str {
        self.findings.first().map_or("", |finding| finding.message.as_str())
    }

    /// The first 20 findings with their places, for programs.
    #[must_use]
    pub fn mistakes(&self) -> Vec<Mistake<'_>> {
        self.findings.iter().take(SHOWN).map(|finding| self.mistake(finding)).collect()
    }

    fn mistake<'a>(&'a self, finding: &'a Finding) -> Mistake<'a> {
        let origin = finding.origin.as_ref();
        let found = origin.and_then(|origin| Some((self.sources.get(origin.source)?, origin.span.start)));
        let before = found.and_then(|(source, start)| source.text.get(..start));
        Mistake {
            message: &finding.message,
            help: finding.help.as_deref(),
            file: found.map(|(source, _)| source.name.as_str()),
            line: before.map(|text| text.matches('\n').count() + 1),
            column: before.map(|text| text.chars().rev().take_while(|c| *c != '\n').count() + 1),
        }
    }

    /// The first 20 findings as text, with or without `color` for a terminal.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let shown = self.findings.iter().take(SHOWN);
        let mut rendered: Vec<String> = shown.map(|finding| renderer.render(&self.report(finding))).collect();
        if self.findings.len() > SHOWN {
            rendered.push(format!("error: too many mistakes; only the first {SHOWN} are shown"));
        }
        // The renderer replaces ASCII control characters only; of the others, U+009B starts an escape
        // sequence.
        rendered.join("\n\n").replace(|c| matches!(c, '\u{80}'..='\u{9f}'), REPLACED)
    }

    fn report<'a>(&'a self, finding: &'a Finding) -> Vec<Group<'a>> {
        let title = Level::ERROR.primary_title(shortened(&finding.message));
        let place =
            finding.origin.as_ref().and_then(|origin| Some((origin, self.sources.get(origin.source)?)));
        let mut group = match place {
            Some((origin, source)) => title.elements(excerpt(source, &origin.span)),
            None => Group::with_title(title),
        };
        if let Some(help) = &finding.help {
            group = group.element(Level::HELP.message(shortened(help)));
        }
        vec![group]
    }
}

/// Plain text, for logs and tests.
impl std::fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_control_character_reaches_the_terminal() {
        let text = "a\u{1b}[1m\u{7f}\u{9b}31mb = 1".to_owned();
        let source = Text { name: "x\u{9b}\u{1b}.toml".to_owned(), text };
        let finding = Finding::new("unknown key `\u{9b}\u{1b}`", Some(Origin { source: 0, span: 0..5 }));
        let text = Diagnostics::new(vec![source], vec![finding]).to_string();
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
    }
}
