//! Reads JSON objects whose keys are the columns of a table: `[{"age": 34, "plan": "basic"}]`.

use std::path::Path;

use serde_json::{Map, Value};

use super::{Inputs, Numbers, Reader, table};
use crate::data::formats::csv::{Lines, places};
use crate::data::formats::json;
use crate::error::{Error, Result};

impl Reader<'_> {
    /// Reads a list of objects, one object, or `{"instances": [objects]}`; `None` for any other text.
    ///
    /// # Errors
    /// [`Error::Data`] if the network was not trained on a table, or an object lacks a column or has an unsuitable value.
    pub(super) fn records(&self, place: &Path, content: &[u8]) -> Result<Option<Inputs>> {
        if !json::holds_objects(content) {
            return Ok(None);
        }
        let refuse = |message: String| Error::data(place, message);
        let samples =
            match serde_json::from_slice(content).map_err(|error| refuse(json::explain(content, &error)))? {
                Value::Array(samples) => samples,
                Value::Object(mut object) => match object.remove("instances") {
                    Some(Value::Array(samples)) if object.is_empty() => samples,
                    Some(_) => return Ok(None),
                    None => vec![Value::Object(object)],
                },
                _ => return Ok(None),
            };
        let Some((table, columns)) = self.table.and_then(|table| Some((table, table.trained.as_ref()?)))
        else {
            let message = "contains objects, but this network was not trained on a table with named columns; use lists of numbers";
            return Err(refuse(message.to_owned()));
        };
        let object = |index: usize| -> Result<&Map<String, Value>> {
            let message =
                || refuse(format!("sample {index} (counted from 0) is not an object, unlike the first one"));
            samples[index].as_object().ok_or_else(message)
        };
        // A name that the first sample lacks is probably mistyped; other samples may have missing values.
        let names: Vec<String> = object(0)?.keys().cloned().collect();
        places(place, &names, columns.0.iter().map(|column| &column.name))?;
        let mut numbers = Numbers { shape: Vec::new(), counted: true, values: Vec::new(), whole: true };
        let mut into = Lines::new(place, columns, table.unknown_category.into(), table::FILL).of_samples();
        for index in 0..samples.len() {
            let object = object(index)?;
            let mut cells = Vec::with_capacity(columns.0.len());
            for column in &columns.0 {
                let text = text(object.get(&column.name), column.categories.as_deref()).ok_or_else(|| {
                    refuse(format!(
                        "sample {index} (counted from 0), column `{}`: expected a value, found a list or an object",
                        column.name
                    ))
                })?;
                cells.push(if table.missing_marks.contains(&text) { String::new() } else { text });
            }
            numbers.whole = numbers.whole && cells.iter().all(|text| text.parse::<i64>().is_ok());
            into.append(index as u64, cells.iter().map(String::as_str), &mut numbers.values)?;
        }
        into.finish();
        self.rows(place, numbers, Some(samples.len())).map(Some).map_err(refuse)
    }
}

/// A value as the text of a cell.
fn text(value: Option<&Value>, categories: Option<&[String]>) -> Option<String> {
    Some(match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Bool(truth)) => {
            // Programs write booleans in several ways.
            let written =
                if *truth { ["True", "true", "TRUE", "1"] } else { ["False", "false", "FALSE", "0"] };
            let known =
                |word: &&&str| categories.is_some_and(|known| known.iter().any(|name| name == **word));
            (*written.iter().find(known).unwrap_or(&written[3])).to_owned()
        }
        Some(Value::Array(_) | Value::Object(_)) => return None,
    })
}
