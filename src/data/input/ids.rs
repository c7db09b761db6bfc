//! Identifier columns of a CSV file.

use std::io::BufReader;
use std::path::Path;

use ::csv::StringRecord;

use super::Reader;
use crate::data::formats::csv::{open_suited, places, unreadable};
use crate::error::{Error, Result};
use crate::files;

impl Reader<'_> {
    /// The text of the columns `names`, row by row.
    ///
    /// # Errors
    /// [`Error::Data`] if the file is not a CSV file or lacks one of the columns.
    pub fn ids(&self, path: &Path, names: &[String]) -> Result<Vec<Vec<String>>> {
        let table = path.extension().is_some_and(|extension| {
            ["csv", "tsv"].iter().any(|known| extension.eq_ignore_ascii_case(known))
        });
        if !table || self.table.is_some_and(|table| !table.has_headers) {
            return Err(Error::data(
                path,
                "has no named columns, which --id needs; use a CSV file with a header",
            ));
        }
        let (file, _) = files::open(path)?;
        let delimiter = self.table.map_or(',', |table| table.delimiter);
        let named = |first: &StringRecord| names.iter().all(|name| first.iter().any(|text| text == name));
        let mut reader = open_suited(path, BufReader::new(file), delimiter, &named)?;
        let mut record = StringRecord::new();
        let mut next =
            |record: &mut StringRecord| reader.read_record(record).map_err(|error| unreadable(path, &error));
        next(&mut record)?;
        let columns: Vec<String> = record.iter().map(str::to_owned).collect();
        let used = places(path, &columns, names.iter())?;
        let mut rows = Vec::new();
        while next(&mut record)? {
            let text = |&place: &usize| record.get(place).unwrap_or_default().to_owned();
            rows.push(used.iter().map(text).collect());
        }
        Ok(rows)
    }
}
