//! `wasmill state`: looks into checkpoints and savepoints: which states, which values, what has changed.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use serde_json::{Value as Json, json};
use tokio::runtime::Runtime;

use crate::cli::{StateArgs, StateVerb};
use crate::config::Config;
use crate::output;
use crate::savepoint::difference::difference;
use crate::savepoint::saved_state::{SavedState, entry_json};

pub(super) fn state(args: &StateArgs, config: &Config) -> Result<ExitCode> {
    match &args.verb {
        StateVerb::List { saved, json } => {
            let (saved, _control) = open(saved, config)?;
            list(&saved, *json)?;
        }
        StateVerb::Get {
            saved,
            operator,
            state,
            key,
        } => {
            let (saved, _control) = open(saved, config)?;
            // A text need not be quoted.
            let typed: Json =
                serde_json::from_str(key).unwrap_or_else(|_| Json::String(key.clone()));
            let mut found = false;
            let mut show = |typed: &Json| {
                saved.visit_key(operator, state, typed, &mut |state, entry| {
                    found = true;
                    output::say(&entry_json(state, entry).to_string());
                    Ok(())
                })
            };
            let answer = show(&typed).or_else(|_| show(&Json::String(key.clone())));
            answer.with_context(|| saved.path.display().to_string())?;
            if !found {
                output::error(&format!("nothing is kept for key {key}"));
                return Ok(ExitCode::from(NOTHING));
            }
        }
        StateVerb::Export {
            saved,
            operator,
            state,
        } => {
            let (saved, _control) = open(saved, config)?;
            let exported = saved.visit(
                operator.as_deref(),
                state.as_deref(),
                &mut |state, entry| {
                    output::say(&entry_json(state, entry).to_string());
                    Ok(())
                },
            );
            exported.with_context(|| saved.path.display().to_string())?;
        }
        StateVerb::Diff { old, new, limit } => {
            let ((old, _control), (new, _other)) = (open(old, config)?, open(new, config)?);
            let found = difference(&old, &new, *limit, &mut |told| {
                output::say(&told.to_string());
                Ok(())
            })?;
            let told = json!({
                "added": found.added, "removed": found.removed,
                "changed": found.changed, "same": found.same,
            });
            output::say(&told.to_string());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Exit code if nothing was found.
const NOTHING: u8 = 1;

/// Opens what is at a path, with the threads that read it.
pub(super) fn open(path: &Path, config: &Config) -> Result<(SavedState, Runtime)> {
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let control = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("control")
        .enable_all()
        .build()
        .context("start the control thread")?;
    let next = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let name = format!("wasmill-state-{}-{next}", std::process::id());
    let saved = SavedState::open(
        path,
        config.tmp_dir.join(name),
        &config.s3,
        control.handle(),
    )?;
    Ok((saved, control))
}

fn list(saved: &SavedState, as_json: bool) -> Result<()> {
    let states = saved.states()?;
    let metadata = &saved.metadata;
    if as_json {
        let told = json!({
            "what": saved.what, "job": metadata.job, "checkpoint": metadata.checkpoint,
            "max_parallelism": metadata.max_parallelism, "states": states,
        });
        output::say(&told.to_string());
        return Ok(());
    }
    let (what, job, number) = (saved.what, &metadata.job, metadata.checkpoint);
    output::say(&format!("{what} {number} of job {job}"));
    for state in states {
        let text = |name: &str| state[name].as_str().unwrap_or_default().to_owned();
        output::say(&format!(
            "{:<10}  {:>10} entries  {:>12} bytes  {}/{}  {}",
            text("kind"),
            state["entries"],
            state["bytes"],
            text("operator"),
            text("state"),
            state["schema"]
        ));
    }
    Ok(())
}
