//! Generated documentation, compared with what the code generates now.
//!
//! After an intended change: `TAPER_BLESS=1 cargo test --test it generated`.

use std::path::Path;

use taper::config::{reference, schema};
use taper::experiment::Experiment;

fn compare(file: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("TAPER_BLESS").is_some() {
        std::fs::write(&path, made).expect("the generated file");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == made, "{file} is not up to date; run: TAPER_BLESS=1 cargo test --test it generated");
}

#[test]
fn the_config_reference_is_up_to_date() {
    compare("docs/config.md", &reference(&schema::<Experiment>()));
}

#[test]
fn the_config_schema_is_up_to_date() {
    compare("docs/taper.schema.json", &format!("{:#}\n", schema::<Experiment>()));
}

#[cfg(feature = "serve")]
#[test]
fn the_description_of_the_server_is_up_to_date() {
    compare("docs/openapi.json", taper::serve::openapi());
}

#[test]
fn every_key_has_a_description() {
    let page = reference(&schema::<Experiment>());
    for line in page.lines().filter(|line| line.starts_with("| `")) {
        let meaning = line.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default();
        assert!(meaning.len() > 4, "no description: {line}");
    }
}

#[test]
fn every_example_in_the_reference_is_valid() {
    let page = reference(&schema::<Experiment>());
    let examples: Vec<&str> =
        page.split("```toml\n").skip(1).filter_map(|block| block.split("```").next()).collect();
    assert!(examples.len() >= 30, "{}", examples.len());
    for example in examples {
        let Err(error) = Experiment::from_toml(example) else { continue };
        let error = error.to_string();
        // The other sections are missing, and nothing else is wrong.
        for line in error.lines().filter(|line| line.starts_with("error: ")) {
            assert!(line.starts_with("error: missing section"), "{example}\n{error}");
        }
    }
}

#[test]
fn the_reference_of_a_section_is_part_of_the_whole() {
    use taper::config::reference_of;
    let schema = schema::<Experiment>();
    let adam = reference_of(&schema, "optimizer.adam").expect("a section");
    assert!(
        adam.starts_with("### `optimizer.adam`") && adam.contains("`beta1`") && !adam.contains("momentum")
    );
    assert_eq!(reference_of(&schema, "adam"), Ok(adam.clone()));
    assert!(reference_of(&schema, "optimizer").expect("a section").contains(&adam));
    assert!(reference_of(&schema, "conv2d").expect("a layer").contains("`kernel_size`"));
    assert!(reference_of(&schema, "model").expect("a section").contains("`kernel_size`"));
    assert!(reference_of(&schema, "optimiser").unwrap_err().contains("did you mean `optimizer`?"));
    assert!(reference_of(&schema, "").unwrap_err().contains("sections: data"));
    let page = reference(&schema);
    assert_eq!(page.matches("`he_uniform`:").count(), 1, "initializers are described once");
    assert!(!page.contains("list of words | required"));
}
