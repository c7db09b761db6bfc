//! The built-in configs, which are the files in `configs/` and `configs/recipes/`.
//!
//! ```
//! for (name, text) in taper::internals::presets::ALL {
//!     assert!(taper::Experiment::from_toml(text).is_ok(), "{name}");
//! }
//! ```

macro_rules! presets {
    ($($name:literal),+; $($recipe:literal),+) => {
        /// The name and the text of each built-in config.
        pub const ALL: &[(&str, &str)] = &[
            $(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/configs/", $name, ".toml"))),)+
            $(($recipe, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/configs/recipes/", $recipe, ".toml"))),)+
        ];
    };
}

presets! {
    "synthetic_mlp",
    "mnist_cnn",
    "mnist_cnn_plain",
    "mnist_mlp_64",
    "mnist_mlp_128",
    "binary_mlp",
    "linear_regression",
    "digits_cnn",
    "digits_residual",
    "images_cnn_224";
    "mnist_speedrun",
    "mnist_cnn_augmented",
    "mnist_deep"
}

/// The text of the built-in config called `name`.
#[must_use]
pub fn find(name: &str) -> Option<&'static str> {
    ALL.iter().find(|(own, _)| *own == name).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn every_file_in_configs_is_built_in() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
        let entries =
            [folder.clone(), folder.join("recipes")].map(|folder| std::fs::read_dir(folder).unwrap());
        let files = entries.into_iter().flatten().map(|entry| entry.unwrap().path());
        for file in files.filter(|path| path.is_file()) {
            let name = file.file_stem().unwrap().to_string_lossy();
            assert!(ALL.iter().any(|(own, _)| *own == name), "add \"{name}\" to src/presets.rs");
        }
    }
}
