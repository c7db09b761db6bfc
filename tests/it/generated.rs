//! Pages that are made from the code, compared with what the code makes now.
//!
//! After a change that is meant: `TAPER_BLESS=1 cargo test --test it generated`.

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

#[test]
fn every_key_has_a_meaning() {
    let page = reference(&schema::<Experiment>());
    for line in page.lines().filter(|line| line.starts_with("| `")) {
        let meaning = line.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default();
        assert!(meaning.len() > 4, "no meaning: {line}");
    }
}
