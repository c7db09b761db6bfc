//! The parsers of bytes from outside, one fuzz target each: what must hold for every input.
//!
//! libFuzzer runs them (`run.sh`); `tests/trust/corpora.rs` replays the inputs that are kept, with
//! the stable compiler and without libFuzzer.
#![forbid(unsafe_code)]

mod properties;

/// Declares the targets: a word is the module, the program in `fuzz_targets/` and the corpus's folder.
macro_rules! targets {
    ($($name:ident),+ $(,)?) => {
        $(pub mod $name;)+

        /// What must hold for an input; it panics where it does not.
        pub type Target = fn(&[u8]);

        /// Name and function of each target.
        pub const TARGETS: &[(&str, Target)] = &[$((stringify!($name), $name::run)),+];
    };
}

targets! {
    baseline,
    card,
    cifar10,
    config_json,
    config_overrides,
    config_toml,
    csv,
    gate,
    idx,
    image,
    manifest,
    npy,
    npz,
    predict_array,
    predict_json,
    predict_table,
    safetensors,
    serve_certificate,
    serve_models,
    serve_numbers,
    serve_request,
    state_json,
}
