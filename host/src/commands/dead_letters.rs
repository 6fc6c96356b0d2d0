//! `wasmill dead-letters`: the records that a job could not process, with the errors.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use serde_json::Value;

use super::run::file_name_of;
use crate::cli::DeadLettersArgs;
use crate::config::Config;
use crate::dead_letters::read::read;
use crate::output;

pub(super) fn dead_letters(args: &DeadLettersArgs, config: &Config) -> Result<ExitCode> {
    let given = PathBuf::from(&args.job);
    let named = config.data_dir.join(file_name_of(&args.job));
    let root = if given.is_dir() { given } else { named };
    if !root.is_dir() {
        bail!(
            "there is no job \"{}\": {} is no folder; name the job, with --data-dir as it was run, or its folder",
            args.job,
            root.display()
        );
    }
    for letter in read(&root, args.limit)? {
        if args.json {
            output::say(&letter.to_string());
        } else {
            output::say(&line(&letter));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// One letter for people.
fn line(letter: &Value) -> String {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let record = ["value", "value_hex", "value_bytes"]
        .iter()
        .find_map(|name| letter.get(name))
        .map_or_else(String::new, text);
    format!("{record}\n    {}", text(&letter["error"]["message"]))
}
