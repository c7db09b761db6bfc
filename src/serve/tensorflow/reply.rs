//! The replies to predict, classify and regress requests.

use super::{Form, Output};
use crate::inference::Prediction;
use crate::serve::json::write_float;
use crate::serve::reply::Reply;
use crate::serve::signature::Signature;

/// The reply with `output` of `predictions`.
#[must_use]
pub fn predicted(signature: &Signature, form: Form, output: Output, predictions: &[Prediction]) -> Reply {
    let key = if form == Form::Row { "predictions" } else { "outputs" };
    let mut text = String::with_capacity(32 + predictions.len() * (2 + 14 * signature.outputs));
    text.push_str("{\"");
    text.push_str(key);
    text.push_str("\":");
    match output {
        Output::Values => list(&mut text, predictions, |text, p| floats(text, signature.values_of(p))),
        Output::Logits => list(&mut text, predictions, |text, p| floats(text, &p.logits)),
        Output::Labels if form == Form::Row => list(&mut text, predictions, |text, prediction| {
            let (class, index, probability) = label(signature, prediction);
            text.push_str("{\"class\":");
            text.push_str(&class);
            text.push_str(",\"class_index\":");
            text.push_str(&index.to_string());
            text.push_str(",\"probability\":");
            write_float(text, probability);
            text.push('}');
        }),
        Output::Labels => {
            text.push_str("{\"class\":");
            list(&mut text, predictions, |text, p| text.push_str(&label(signature, p).0));
            text.push_str(",\"class_index\":");
            list(&mut text, predictions, |text, p| text.push_str(&label(signature, p).1.to_string()));
            text.push_str(",\"probability\":");
            list(&mut text, predictions, |text, p| write_float(text, label(signature, p).2));
            text.push('}');
        }
    }
    text.push('}');
    Reply::json(200, text)
}

/// The reply to a classify request: each class with its probability, in the order of the classes.
#[must_use]
pub fn classified(signature: &Signature, predictions: &[Prediction]) -> Reply {
    let mut text = "{\"results\":".to_owned();
    list(&mut text, predictions, |text, prediction| {
        let classes: Vec<_> = signature.classes.iter().zip(&prediction.values).collect();
        list(text, &classes, |text, (class, score)| {
            text.push('[');
            text.push_str(&quoted(class));
            text.push(',');
            write_float(text, **score);
            text.push(']');
        });
    });
    text.push('}');
    Reply::json(200, text)
}

/// The reply to a regress request: one number per example.
#[must_use]
pub fn regressed(predictions: &[Prediction]) -> Reply {
    let mut text = "{\"results\":".to_owned();
    list(&mut text, predictions, |text, prediction| {
        write_float(text, prediction.values.first().copied().unwrap_or(0.0));
    });
    text.push('}');
    Reply::json(200, text)
}

/// The name of the class as JSON, its index and its probability.
fn label(signature: &Signature, prediction: &Prediction) -> (String, usize, f32) {
    let index = prediction.class();
    let name = signature.classes.get(index).map_or("", String::as_str);
    (quoted(name), index, prediction.values.get(index).copied().unwrap_or(0.0))
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn floats(text: &mut String, values: &[f32]) {
    list(text, values, |text, value| write_float(text, *value));
}

fn list<T>(text: &mut String, elements: &[T], mut element: impl FnMut(&mut String, &T)) {
    text.push('[');
    for (index, one) in elements.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        element(text, one);
    }
    text.push(']');
}
