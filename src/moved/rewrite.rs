//! Updates the text of an old config, with its comments.

use toml_edit::{Decor, DocumentMut, Item, Key, Table};

use super::MOVED;
use crate::config::Moved;

/// Moves the values of the TOML config `text` to their new places; the rest of the text, including comments,
/// is unchanged. Existing values in the new places are kept.
///
/// # Errors
/// If `text` is not TOML.
pub fn rewrite(text: &str) -> Result<String, toml_edit::TomlError> {
    let mut document: DocumentMut = text.parse()?;
    for Moved { from: [section, _, key], to: [new_section, new_key] } in MOVED {
        let Some(members) = document.get_mut(section).and_then(Item::as_table_like_mut) else { continue };
        let mut taken = None;
        for (_, options) in members.iter_mut() {
            if let Some(found) = take(options, key) {
                taken = Some(found);
            }
        }
        let Some((position, old, value)) = taken else { continue };
        let after = Some(position).flatten();
        let root = document.as_table_mut();
        let is_new = !root.contains_key(new_section);
        let place =
            root.entry(new_section).or_insert_with(|| Item::Table(following(after, value.is_table())));
        let Some(place) = place.as_table_like_mut().filter(|place| !place.contains_key(new_key)) else {
            continue;
        };
        let decor = if is_new { Decor::default() } else { old.leaf_decor().clone() };
        place.entry_format(&Key::new(new_key).with_leaf_decor(decor)).or_insert(value);
    }
    Ok(document.to_string())
}

/// Removes `key` from the options of a member; also returns the position of their table in the file.
fn take(options: &mut Item, key: &str) -> Option<(Option<isize>, Key, Item)> {
    let position = options.as_table().and_then(Table::position);
    if let Some(table) = options.as_table_mut() {
        return table.remove_entry(key).map(|(key, value)| (position, key, value));
    }
    let (key, value) = options.as_inline_table_mut()?.remove_entry(key)?;
    Some((position, key, Item::Value(value.decorated(" ", ""))))
}

/// A new section after the one at `position`; it needs no header if it contains only a table.
fn following(position: Option<isize>, has_table: bool) -> Table {
    let mut table = Table::new();
    table.set_implicit(has_table);
    table.set_position(position);
    table.decor_mut().set_prefix("\n");
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_move_with_their_comments_and_the_rest_is_unchanged() {
        for (old, new) in [
            (
                "# top\nname = \"a\"\n\n[data.mnist]        # digits\nvalidation_split = 0.2  # a fifth\ntrain_samples = 7\n\n# net\n[model]\nlayers = []\n",
                "# top\nname = \"a\"\n\n[data.mnist]        # digits\ntrain_samples = 7\n\n[split]\nvalidation = 0.2  # a fifth\n\n# net\n[model]\nlayers = []\n",
            ),
            (
                "[data]\ncsv = { path = \"a\", normalize = { mean = [1], std = [2] }, target = \"b\" }\n[loss.mse]\n",
                "[data]\ncsv = { path = \"a\", target = \"b\" }\n[loss.mse]\n\n[preprocess]\nnormalize = { mean = [1], std = [2] }\n",
            ),
            (
                "[data.csv]\npath = \"a\"\n[data.csv.normalize]\nmean = [1]\nstd = [2]\n[loss.mse]\n",
                "[data.csv]\npath = \"a\"\n[preprocess.normalize]\nmean = [1]\nstd = [2]\n[loss.mse]\n",
            ),
            ("[split]\nvalidation = 3\n", "[split]\nvalidation = 3\n"),
            ("data = 3\n", "data = 3\n"),
        ] {
            assert_eq!(rewrite(old).unwrap(), new);
        }
        assert!(rewrite("a = ").is_err());
    }
}
