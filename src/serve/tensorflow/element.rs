//! What is wrong with the elements of a list that should be a tensor, in the words of TensorFlow Serving.

use super::tree::Tree;

/// What is wrong with `elements`, the samples of a request for numbers; nothing if they are all alike.
#[must_use]
pub fn explain(elements: &[Tree<'_>]) -> Option<String> {
    let mut first: Option<Vec<usize>> = None;
    for (index, element) in elements.iter().enumerate() {
        let shape = shape(element);
        let found = fill(element, 0, &shape).err().or_else(|| differ(first.as_ref()?, &shape));
        if let Some(message) = found {
            return Some(of_element(index, &message));
        }
        first.get_or_insert(shape);
    }
    None
}

/// An error about an element of `instances`.
#[must_use]
pub fn of_element(index: usize, message: &str) -> String {
    format!("Failed to process element: {index} of 'instances' list. Error: INVALID_ARGUMENT: {message}")
}

/// The shape of a value, as its first elements have it.
fn shape(value: &Tree<'_>) -> Vec<usize> {
    let mut shape = Vec::new();
    let mut value = Some(value);
    while let Some(Tree::List(elements)) = value {
        shape.push(elements.len());
        value = elements.first();
    }
    shape
}

/// Checks that all lists are as `shape` has them, and all values finite numbers.
fn fill(value: &Tree<'_>, level: usize, shape: &[usize]) -> Result<(), String> {
    match value {
        Tree::List(elements) => {
            let expected = *shape.get(level).ok_or_else(|| {
                format!("Encountered list at unexpected level: {level} expected < {}", shape.len())
            })?;
            let size = elements.len();
            if size != expected {
                return Err(format!(
                    "Encountered list at unexpected size: {size} at level: {level} expected size: {expected}"
                ));
            }
            elements.iter().try_for_each(|element| fill(element, level + 1, shape))
        }
        Tree::Number(text, number) if level == shape.len() => {
            let fits = (*number as f32).is_finite();
            if fits { Ok(()) } else { Err(format!("JSON Value: {text} is not a finite 32-bit float")) }
        }
        Tree::Number(..) => Err(format!(
            "JSON Value: {} found at incorrect level: {} in the JSON DOM. Expected at level: {}",
            value.quoted(),
            level + 1,
            shape.len()
        )),
        other => Err(format!(
            "JSON Value: {} Type: {} is not of expected type: float",
            other.quoted(),
            other.kind()
        )),
    }
}

fn differ(first: &[usize], other: &[usize]) -> Option<String> {
    let size = |shape: &[usize]| shape.iter().product::<usize>();
    if size(first) != size(other) {
        return Some(format!("Expecting tensor size: {} but got: {}", size(first), size(other)));
    }
    let text = |shape: &[usize]| {
        let sizes: Vec<String> = shape.iter().map(ToString::to_string).collect();
        format!("[{}]", sizes.join(","))
    };
    (first != other).then(|| format!("Expecting shape {} but got: {}", text(first), text(other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<String> {
        let Ok(Tree::List(elements)) = Tree::read(text) else { panic!("{text}") };
        explain(&elements)
            .map(|text| text.split_once("ARGUMENT: ").map_or(String::new(), |(_, rest)| rest.into()))
    }

    #[test]
    fn irregular_lists_are_explained_as_by_tensorflow_serving() {
        for (text, message) in [
            ("[[1,2],[3,4],[5,6,7]]", "Expecting tensor size: 2 but got: 3"),
            ("[[1,2],[3,4],[[5,6]]]", "Expecting shape [2] but got: [1,2]"),
            ("[1,[1]]", "Expecting shape [] but got: [1]"),
            ("[[[1,2],[3]]]", "Encountered list at unexpected size: 1 at level: 1 expected size: 2"),
            ("[[1,[2]]]", "Encountered list at unexpected level: 1 expected < 1"),
            ("[[[1],2]]", "JSON Value: 2 found at incorrect level: 2 in the JSON DOM. Expected at level: 2"),
            ("[\"x\",\"y\"]", "JSON Value: \"x\" Type: String is not of expected type: float"),
            ("[null]", "JSON Value: null Type: Null is not of expected type: float"),
            ("[true]", "JSON Value: true Type: True is not of expected type: float"),
            ("[1e39]", "JSON Value: 1e39 is not a finite 32-bit float"),
            ("[NaN]", "JSON Value: NaN is not a finite 32-bit float"),
        ] {
            assert_eq!(of(text).as_deref(), Some(message), "{text}");
        }
        assert_eq!(of("[[1,2],[3,4]]"), None);
    }
}
