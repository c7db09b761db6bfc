//! Mistakes in a config, with their paths and remedies.

/// A mistake in a config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The keys and indices from the root, such as `model.layers[2].dense.units`.
    pub path: Path,
    /// Whether the key itself is wrong, such as an unknown name, rather than its value.
    pub at_key: bool,
    /// What is wrong, in a short sentence without a full stop.
    pub message: String,
    /// How to fix it.
    pub help: Option<String>,
}

/// A place in a config: the keys and indices from the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path(pub Vec<Segment>);

/// One part of a [`Path`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// A key of a table.
    Key(String),
    /// An index into an array, counted from 0.
    Index(usize),
}

impl Path {
    /// This path followed by `key`.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        let mut longer = self.clone();
        longer.0.push(Segment::Key(key.to_owned()));
        longer
    }

    /// This path followed by `index`.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        let mut longer = self.clone();
        longer.0.push(Segment::Index(index));
        longer
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Key(key) if i == 0 => write!(f, "{key}")?,
                Segment::Key(key) => write!(f, ".{key}")?,
                Segment::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// Collects problems below one place, so that a section only needs to name its own keys.
#[derive(Debug)]
pub struct Problems<'a> {
    path: Path,
    found: &'a mut Vec<Problem>,
}

impl<'a> Problems<'a> {
    /// A collector for the root, which adds to `found`.
    pub fn new(found: &'a mut Vec<Problem>) -> Self {
        Self { path: Path::default(), found }
    }

    /// The collector for the value of `key`.
    pub fn key(&mut self, key: &str) -> Problems<'_> {
        Problems { path: self.path.key(key), found: self.found }
    }

    /// The collector for the value at `path` below this place.
    pub fn within(&mut self, path: &Path) -> Problems<'_> {
        let segments = self.path.0.iter().chain(&path.0).cloned().collect();
        Problems { path: Path(segments), found: self.found }
    }

    /// The collector for the element at `index`.
    pub fn index(&mut self, index: usize) -> Problems<'_> {
        Problems { path: self.path.index(index), found: self.found }
    }

    /// Reports a problem at this place.
    pub fn report(&mut self, message: impl Into<String>) {
        self.push(message.into(), None);
    }

    /// Reports a problem at this place and how to fix it.
    pub fn report_with_help(&mut self, message: impl Into<String>, help: impl Into<String>) {
        self.push(message.into(), Some(help.into()));
    }

    /// Whether no problem has been reported so far, here or elsewhere.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    fn push(&mut self, message: String, help: Option<String>) {
        self.found.push(Problem { path: self.path.clone(), at_key: false, message, help });
    }
}
