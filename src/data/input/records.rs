//! Reads JSON objects whose keys are the columns of a table: `[{"age": 34, "plan": "basic"}]`.

use std::path::Path;

use serde::Deserializer as _;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde_json::Value;

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
        let explained = |error| refuse(json::explain(content, &error));
        // A list is read sample by sample: all together, values take forty times the memory of their text.
        let is_list = content.trim_ascii_start().starts_with(b"[");
        let mut samples = Vec::new();
        if !is_list {
            let Value::Object(mut object) = serde_json::from_slice(content).map_err(explained)? else {
                return Ok(None);
            };
            samples = match object.remove("instances") {
                Some(Value::Array(samples)) if object.is_empty() => samples,
                Some(_) => return Ok(None),
                None => vec![Value::Object(object)],
            };
        }
        let Some((table, columns)) = self.table.and_then(|table| Some((table, table.trained.as_ref()?)))
        else {
            let message = "contains objects, but this network was not trained on a table with named columns; use lists of numbers";
            return Err(refuse(message.to_owned()));
        };
        let mut numbers = Numbers { shape: Vec::new(), counted: true, values: Vec::new(), whole: true };
        let mut into = Lines::new(place, columns, table.unknown_category.into(), table::FILL).of_samples();
        let mut count = 0;
        let mut add = |sample: Value| -> Result<()> {
            let index = count;
            count += 1;
            let Value::Object(object) = sample else {
                let message = "is not an object, unlike the first one";
                return Err(refuse(format!("sample {index} (counted from 0) {message}")));
            };
            if index == 0 {
                // A name that the first sample lacks is probably mistyped; other samples may have missing values.
                let names: Vec<String> = object.keys().cloned().collect();
                places(place, &names, columns.0.iter().map(|column| &column.name))?;
            }
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
            into.row(index as u64, cells.iter().map(String::as_str), &mut numbers.values)
        };
        if is_list {
            each(content, &mut add)?.map_err(explained)?;
        } else {
            samples.into_iter().try_for_each(&mut add)?;
        }
        into.finish();
        self.rows(place, numbers, Some(count)).map(Some).map_err(refuse)
    }
}

/// Calls `element` with each element of the list in `content`, until it fails; the inner error is that of the JSON text.
fn each(content: &[u8], element: &mut impl FnMut(Value) -> Result<()>) -> Result<serde_json::Result<()>> {
    struct Elements<'a, F>(&'a mut F, &'a mut Result<()>);

    impl<'de, F: FnMut(Value) -> Result<()>> Visitor<'de> for Elements<'_, F> {
        type Value = ();

        fn expecting(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            to.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<(), A::Error> {
            while let Some(value) = list.next_element()? {
                *self.1 = (self.0)(value);
                if self.1.is_err() {
                    return Err(A::Error::custom("an element was refused"));
                }
            }
            Ok(())
        }
    }

    let mut text = serde_json::Deserializer::from_slice(content);
    let mut refused = Ok(());
    let read = text.deserialize_seq(Elements(element, &mut refused)).and_then(|()| text.end());
    refused.map(|()| read)
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
