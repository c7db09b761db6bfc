//! Config errors as people read them: what, file, line, column, excerpt, and what to do.

use annotate_snippets::{Group, Level, Renderer};

use super::document::{Node, Origin, Source};
use super::excerpt::{excerpt, shortened};
use super::problem::Problem;

/// How many findings are shown: more are read by nobody, and cost time.
const SHOWN: usize = 20;
/// What is shown for a character that would act on the terminal.
const REPLACED: &str = "\u{fffd}";

/// Everything that is wrong with one config.
#[derive(Clone, Debug)]
pub struct Diagnostics {
    sources: Vec<Source>,
    findings: Vec<Finding>,
}

/// One thing that is wrong, with its place in a text.
#[derive(Clone, Debug)]
pub struct Finding {
    message: String,
    help: Option<String>,
    origin: Option<Origin>,
}

/// One thing that is wrong, as programs read it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Mistake<'a> {
    /// What is wrong.
    pub message: &'a str,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<&'a str>,
    /// The file, or what else the text came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<&'a str>,
    /// Counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// In characters, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
}

impl Finding {
    /// What is wrong and, where it is known, the place.
    #[must_use]
    pub fn new(message: impl Into<String>, origin: Option<Origin>) -> Self {
        Self { message: message.into(), help: None, origin }
    }

    /// The problem at the place where its path was written in `root`.
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

    /// The same with what to do about it.
    #[must_use]
    pub fn with_help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

impl Diagnostics {
    /// Findings about `sources`, shown in the order of their places.
    #[must_use]
    pub fn new(mut sources: Vec<Source>, mut findings: Vec<Finding>) -> Self {
        // The renderer takes names as they are.
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

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// What is wrong at the first place, without the place.
    #[must_use]
    pub fn first(&self) -> &str {
        self.findings.first().map_or("", |finding| finding.message.as_str())
    }

    /// The findings with their places, for programs; of many, the first ones.
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

    /// The findings as text, with colours for a terminal or without; of many, the first ones.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let shown = self.findings.iter().take(SHOWN);
        let mut rendered: Vec<String> = shown.map(|finding| renderer.render(&self.report(finding))).collect();
        if self.findings.len() > SHOWN {
            rendered.push(format!("error: more is wrong; these are the first {SHOWN} mistakes"));
        }
        // The renderer replaces the control characters of ASCII, not these, of which U+009B begins an
        // escape sequence.
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
        let source = Source { name: "x\u{9b}\u{1b}.toml".to_owned(), text };
        let finding = Finding::new("unknown key `\u{9b}\u{1b}`", Some(Origin { source: 0, span: 0..5 }));
        let text = Diagnostics::new(vec![source], vec![finding]).to_string();
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
    }
}
