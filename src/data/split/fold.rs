//! One of several parts of the training samples, for cross-validation.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most parts; each is a run.
const MOST: u32 = 1000;

/// One of several parts of the training samples, which is held out: written as `2/5`, the second of five.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fold {
    /// The number of the part, from 1 on; 0 if there is none.
    number: u32,
    /// The number of parts, at least 2.
    of: u32,
}

impl Fold {
    /// What a text that names no part is read as.
    pub(super) const NONE: Self = Self { number: 0, of: 0 };

    /// Part `number` of `of`, if there is such a part, and there are 2 to 1000.
    #[must_use]
    pub fn new(number: u32, of: u32) -> Option<Self> {
        ((2..=MOST).contains(&of) && (1..=of).contains(&number)).then_some(Self { number, of })
    }

    /// The name of the folder of a run that holds it out, among those of other parts.
    #[must_use]
    pub fn folder(self) -> String {
        format!("fold-{}", self.number)
    }

    /// The number of parts.
    #[must_use]
    pub fn parts(self) -> usize {
        self.of.max(1) as usize
    }

    /// The number of its samples among `rest`.
    #[must_use]
    pub fn size(self, rest: usize) -> usize {
        rest / self.parts() + usize::from(self.number as usize <= rest % self.parts())
    }

    /// Whether the sample at place `place` is in this part, if they are dealt in turn.
    #[must_use]
    pub fn holds(self, place: usize) -> bool {
        place % self.parts() + 1 == self.number as usize
    }
}

impl std::fmt::Display for Fold {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "{}/{}", self.number, self.of)
    }
}

impl std::str::FromStr for Fold {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts =
            text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        let fold = parts.and_then(|(number, of)| Self::new(number, of));
        fold.ok_or_else(|| format!("expected a part and the number of parts, 2 to {MOST}, such as 2/5"))
    }
}

impl Serialize for Fold {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fold {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // An error here would have no place in the file; the config reports it.
        Ok(String::deserialize(deserializer)?.parse().unwrap_or(Self::NONE))
    }
}
