//! Tips for arguments that exist in other programs: the taper equivalent.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Flags of other trainers, and the config key with the same meaning.
const KEYS: &[(&str, &str)] = &[
    ("epochs", "train.epochs"),
    ("epoch", "train.epochs"),
    ("num-epochs", "train.epochs"),
    ("batch-size", "train.batch_size"),
    ("batch", "train.batch_size"),
    ("steps", "train.max_steps"),
    ("max-steps", "train.max_steps"),
    ("lr", "optimizer.adam.learning_rate"),
    ("learning-rate", "optimizer.adam.learning_rate"),
    ("momentum", "optimizer.sgd.momentum"),
    ("weight-decay", "optimizer.adamw.weight_decay"),
    ("seed", "seed"),
    ("name", "name"),
    ("validation-split", "split.validation"),
];

/// The commands that take a config and `--set`.
const SETTING: &[&str] = &["train", "check", "bench", "config"];

/// Adds a tip to `error` if the argument exists in other programs.
pub fn add(mut error: clap::Error, arguments: &[OsString]) -> clap::Error {
    let words: Vec<String> = arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let place = match error.kind() {
        ErrorKind::UnknownArgument => ContextKind::InvalidArg,
        ErrorKind::InvalidSubcommand => ContextKind::InvalidSubcommand,
        _ => return error,
    };
    let Some(ContextValue::String(unknown)) = error.get(place) else { return error };
    let tip = match error.kind() {
        ErrorKind::InvalidSubcommand => file(unknown),
        _ => flag(unknown, &words),
    };
    if let Some(tip) = tip {
        // Replaces clap's tip on passing a flag as a value; its tips on similar names are of a different
        // kind.
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    error
}

/// The tip for a config in place of a command.
fn file(unknown: &str) -> Option<String> {
    let extension = std::path::Path::new(unknown).extension()?;
    (extension == "toml" || extension == "json").then(|| format!("to train it, use 'taper train {unknown}'"))
}

/// The tip for the flag `unknown` among the arguments `words`.
fn flag(unknown: &str, words: &[String]) -> Option<String> {
    let command = words.iter().skip(1).find(|word| !word.starts_with('-'))?;
    if !SETTING.contains(&command.as_str()) {
        return None;
    }
    let name = unknown.strip_prefix("--")?.to_lowercase().replace('_', "-");
    let name = name.split('=').next()?;
    let (_, key) = KEYS.iter().find(|(own, _)| *own == name)?;
    Some(format!("to set the {}, use '--set {key}={}'", described(name), value(unknown, words)))
}

fn described(name: &str) -> String {
    match name {
        "lr" => "learning rate".to_owned(),
        "epoch" | "epochs" | "num-epochs" => "number of epochs".to_owned(),
        "batch" => "batch size".to_owned(),
        "steps" | "max-steps" => "number of steps".to_owned(),
        other => other.replace('-', " "),
    }
}

/// The value given with the flag `unknown`, or a placeholder.
fn value<'w>(unknown: &str, words: &'w [String]) -> &'w str {
    let unknown = unknown.split('=').next().unwrap_or(unknown);
    let of = |(i, word): (usize, &'w String)| match word.strip_prefix(unknown)? {
        "" => words.get(i + 1).map(String::as_str).filter(|next| !next.starts_with("--")),
        rest => rest.strip_prefix('='),
    };
    words.iter().enumerate().find_map(of).unwrap_or("VALUE")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str, unknown: &str) -> Option<String> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        flag(unknown, &words)
    }

    #[test]
    fn a_flag_of_another_trainer_gets_a_tip_with_the_config_key() {
        let tip = |line: &str, unknown: &str| of(line, unknown).unwrap_or_default();
        assert!(tip("taper train --epochs 3", "--epochs").contains("'--set train.epochs=3'"));
        assert!(tip("taper train a.toml --batch_size=64", "--batch_size").contains("train.batch_size=64'"));
        assert!(tip("taper bench --lr -1", "--lr").contains("learning_rate=-1'"));
        assert!(tip("taper train --seed", "--seed").contains("'--set seed=VALUE'"));
    }

    #[test]
    fn other_flags_and_commands_get_no_tip() {
        assert_eq!(of("taper train --color", "--color"), None);
        assert_eq!(of("taper predict --epochs 3", "--epochs"), None);
        assert_eq!((file("trian"), file("a.toml").is_some()), (None, true));
    }
}
