//! CSV piece by piece.

/// Writes rows of a table, the names of its columns first.
pub struct Table {
    csv: csv::Writer<Vec<u8>>,
    named: bool,
}

impl Table {
    /// Without a row.
    pub fn new() -> Self {
        Self { csv: csv::Writer::from_writer(Vec::new()), named: false }
    }

    /// Adds a row, whose cells are named by `names` if it is the first.
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

    /// What was added since the last call.
    pub fn take(&mut self) -> anyhow::Result<String> {
        let full = std::mem::replace(&mut self.csv, csv::Writer::from_writer(Vec::new()));
        Ok(String::from_utf8(full.into_inner().map_err(csv::IntoInnerError::into_error)?)?)
    }
}

/// The columns of a result.
pub enum Columns<'a> {
    /// A class, its probability, and that of each of these classes.
    Classes(&'a [String]),
    /// So many numbers.
    Numbers(usize),
}

impl Columns<'_> {
    /// Their names: that of the class, its probability and one for each class; or one for each number.
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

/// Numbers as they stand in a cell.
pub fn texts(values: &[f32]) -> impl Iterator<Item = String> + '_ {
    values.iter().map(ToString::to_string)
}
