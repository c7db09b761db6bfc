//! Weights: all variables are set from a file, or none.

use std::cell::OnceCell;
use std::path::Path;

use candle_core::{Device, Tensor, Var};
use taper::internals::checkpoint::weights::{metadata, restore, to_bytes};

use super::properties::check_error;

type Variables = Vec<(String, Var)>;

thread_local! {
    static VARIABLES: OnceCell<Variables> = const { OnceCell::new() };
}

/// Reads the bytes as the weights of two parameters.
pub fn run(data: &[u8]) {
    VARIABLES.with(|variables| check(data, variables.get_or_init(variables_of_two)));
}

fn check(data: &[u8], variables: &Variables) {
    let place = Path::new("model.safetensors");
    let before = values(variables);
    if let Err(error) = restore(variables, data, place) {
        check_error(&error);
        assert_eq!(values(variables), before, "half restored");
    } else {
            let after = values(variables);
            assert!(after.iter().flatten().all(|value| value.is_finite()), "{after:?}");
            let tensors: Vec<_> =
                variables.iter().map(|(name, v)| (name.clone(), v.as_detached_tensor())).collect();
            let written = to_bytes(&tensors, 0, "{}").expect("finite values can be written");
            restore(variables, &written, place).expect("what was written can be read");
            assert_eq!(values(variables), after);
    }
    match metadata(data, place) {
        Err(error) => check_error(&error),
        Ok(text) => assert!(text.len() <= data.len(), "a longer text than the file"),
    }
}

fn variables_of_two() -> Variables {
    [("w", 2), ("b", 1)]
        .into_iter()
        .map(|(name, length)| {
            let tensor = Tensor::zeros(length, candle_core::DType::F32, &Device::Cpu).expect("a tensor");
            (name.to_owned(), Var::from_tensor(&tensor).expect("a variable"))
        })
        .collect()
}

fn values(variables: &Variables) -> Vec<Vec<f32>> {
    variables.iter().map(|(_, variable)| variable.to_vec1().expect("numbers")).collect()
}
