//! CSV in pieces.

/// Writes the rows of a table, starting with the column names.
pub struct Table {
    csv: csv::Writer<Vec<u8>>,
    named: bool,
}

impl Table {
    /// An empty table.
    pub fn new() -> Self {
        Self { csv: csv::Writer::from_writer(Vec::new()), named: false }
    }

    /// Adds a row; the first one is preceded by the column `names`.
    pub fn add(
        &mut self,
        names: impl FnOnce() -> Vec<String>,
        cells: impl IntoIterator<Item = String>,
    ) -> anyhow::Result<()> {
        if !self.named {
            self.csv.write_record(names())?;
            self.named = true;
        }
        Ok(self.csv.write_record(cells.into_iter().collect::<Vec<_>>())?)
    }

    /// The text added since the last call.
    pub fn take(&mut self) -> anyhow::Result<String> {
        let full = std::mem::replace(&mut self.csv, csv::Writer::from_writer(Vec::new()));
        Ok(String::from_utf8(full.into_inner().map_err(csv::IntoInnerError::into_error)?)?)
    }
}

/// The columns of a result.
pub enum Columns<'a> {
    /// The predicted class, its probability, and the probability of each of these classes.
    Classes(&'a [String]),
    /// The given number of numbers.
    Numbers(usize),
}

impl Columns<'_> {
    /// The names of the columns; `class` and `number` name the predicted class and the numbers.
    pub fn names(&self, class: &str, number: &str) -> Vec<String> {
        match self {
            Self::Classes(classes) => {
                let each = classes.iter().map(|class| format!("probability_{class}"));
                [class.to_owned(), "probability".to_owned()].into_iter().chain(each).collect()
            }
            Self::Numbers(1) => vec![number.to_owned()],
            Self::Numbers(count) => (0..*count).map(|i| format!("{number}_{i}")).collect(),
        }
    }
}

/// Numbers as the text of cells.
pub fn texts(values: &[f32]) -> impl Iterator<Item = String> + '_ {
    values.iter().map(ToString::to_string)
}
