//! Predictions with class names, as written by `taper predict`.

use serde::Serialize;

use super::{Prediction, Threshold};

/// The result for one sample.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The input it was read from.
    pub input: String,
    /// Its index among the samples of that input, counted from 0.
    pub index: usize,
    /// The prediction.
    #[serde(flatten)]
    pub answer: Answer,
    /// The network's outputs before the loss's own function.
    pub logits: Vec<f32>,
}

/// The prediction for one sample.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// A class.
    Class {
        /// Its name.
        class: String,
        /// Its index.
        class_index: usize,
        /// Its probability.
        probability: f32,
        /// The probability of each class.
        probabilities: Vec<f32>,
    },
    /// Numbers.
    Values {
        /// One value per output.
        values: Vec<f32>,
    },
}

impl Row {
    /// One row for each of `predictions`, which start with sample `first` of `input`. `classes` are the names of the
    /// classes, by index; empty if numbers are predicted. The predicted class is the most probable one or, of two
    /// classes, the one that `threshold` selects.
    pub fn all(
        input: &str,
        first: usize,
        predictions: Vec<Prediction>,
        classes: &[String],
        threshold: Option<Threshold>,
    ) -> impl Iterator<Item = Self> {
        (first..).zip(predictions).map(move |(index, prediction)| {
            let class_index =
                threshold.map_or_else(|| prediction.class(), |threshold| threshold.class(&prediction));
            let Prediction { logits, values } = prediction;
            let answer = match (classes.get(class_index), values.get(class_index)) {
                (Some(class), Some(&probability)) => {
                    Answer::Class { class: class.clone(), class_index, probability, probabilities: values }
                }
                _ => Answer::Values { values },
            };
            Self { input: input.to_owned(), index, answer, logits }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(logits: &[f32], values: &[f32], classes: &[&str]) -> String {
        let prediction = Prediction { logits: logits.to_vec(), values: values.to_vec() };
        let classes: Vec<String> = classes.iter().map(ToString::to_string).collect();
        let rows: Vec<Row> = Row::all("a.png", 0, vec![prediction], &classes, None).collect();
        serde_json::to_string(&rows[0]).unwrap()
    }

    #[test]
    fn a_row_has_the_class_name_or_the_numbers() {
        assert_eq!(
            json(&[1.0, 2.0], &[0.25, 0.75], &["cat", "dog"]),
            r#"{"input":"a.png","index":0,"class":"dog","class_index":1,"probability":0.75,"probabilities":[0.25,0.75],"logits":[1.0,2.0]}"#
        );
        assert_eq!(json(&[1.5], &[1.5], &[]), r#"{"input":"a.png","index":0,"values":[1.5],"logits":[1.5]}"#);
    }
}
