//! `wasmill dead-letters`: the records that a job could not process, with the errors. A job of this machine by its files, a
//! job of a cluster through the cluster; a running one can replay them.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use dataflow::ids::JobId;
use serde_json::Value;

use super::run::file_name_of;
use crate::cli::DeadLettersArgs;
use crate::client::{Client, replay};
use crate::config::Config;
use crate::dead_letters::read::{discard, read};
use crate::output;

pub(super) fn dead_letters(args: &DeadLettersArgs, config: &Config) -> Result<ExitCode> {
    let given = PathBuf::from(&args.job);
    let named = config.data_dir.join(file_name_of(&args.job));
    let root = if given.is_dir() { given } else { named };
    let of_cluster = args.job.parse::<JobId>().is_ok() && !root.is_dir();
    if args.address.is_some() || of_cluster {
        return ask(args, config);
    }
    if !root.is_dir() {
        bail!(
            "there is no job \"{}\": {} is no folder; name the job, with --data-dir as it was run, or its folder",
            args.job,
            root.display()
        );
    }
    if args.replay {
        bail!(
            "only a job that runs can replay dead letters: give the id of a job of a cluster, or --address of the process that runs it"
        );
    }
    if args.discard {
        say_discarded(discard(&root)?);
    } else {
        show(&read(&root, args.limit)?, args.json);
    }
    Ok(ExitCode::SUCCESS)
}

/// Asks the cluster.
fn ask(args: &DeadLettersArgs, config: &Config) -> Result<ExitCode> {
    let client = Client::new(args.address.as_deref(), config)?;
    if args.replay {
        return replay(&client, args);
    }
    let path = format!("/jobs/{}/dead-letters", args.job);
    if args.discard {
        let answer = client.delete(&path)?;
        say_discarded(answer["discarded"].as_u64().unwrap_or(0));
    } else {
        let answer = client.get(&format!("{path}?limit={}", args.limit))?;
        let letters = answer["entries"].as_array();
        show(letters.map_or(&[], Vec::as_slice), args.json);
    }
    Ok(ExitCode::SUCCESS)
}

fn say_discarded(count: u64) {
    output::say(&format!("{count} discarded"));
}

fn show(letters: &[Value], as_json: bool) {
    for letter in letters {
        if as_json {
            output::say(&letter.to_string());
        } else {
            output::say(&line(letter));
        }
    }
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
