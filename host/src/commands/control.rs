//! Orders to a job of `wasmill run`: at the signal USR1 it reads the file `CONTROL` of its data directory and writes what
//! came of it into `CONTROL.answer`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use dataflow::clock::Clock;
use serde_json::{Value, json};

use crate::config::Config;
use crate::scheduler::command::{CommandError, JobCommand, JobHandle};
use crate::scheduler::job::Job;
use crate::scheduler::order::{Afterwards, ReplaceOrder, SavepointOrder};
use crate::successor::Predecessor;

pub(super) async fn watch(handle: JobHandle, config: Config, root: PathBuf, clock: Arc<dyn Clock>) {
    let Ok(mut signals) =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::user_defined1())
    else {
        return;
    };
    while signals.recv().await.is_some() {
        let text = std::fs::read_to_string(root.join("CONTROL")).unwrap_or_default();
        let words: Vec<&str> = text.split_whitespace().collect();
        let answer = carry_out(&handle, &config, &root, &clock, &words).await;
        let answer = answer.unwrap_or_else(|error| json!({ "error": error }));
        let draft = root.join("CONTROL.draft");
        let _ = std::fs::write(&draft, answer.to_string());
        let _ = std::fs::rename(&draft, root.join("CONTROL.answer"));
    }
}

async fn carry_out(
    handle: &JobHandle,
    config: &Config,
    root: &Path,
    clock: &Arc<dyn Clock>,
    words: &[&str],
) -> Result<Value, String> {
    let told = |error: CommandError| error.to_string();
    let base = Arc::clone(&handle.view.lock().job);
    match words {
        ["checkpoint"] => {
            let id = handle.ask(JobCommand::Checkpoint).await.map_err(told)?;
            Ok(json!({ "checkpoint": id.0 }))
        }
        [how @ ("savepoint" | "stop" | "drain"), target] => {
            let then = match *how {
                "savepoint" => Afterwards::Resume,
                "stop" => Afterwards::Stop,
                _ => Afterwards::Drain,
            };
            let target = PathBuf::from(target);
            let order = |reply| {
                JobCommand::Savepoint(SavepointOrder {
                    target,
                    then,
                    reply,
                })
            };
            let path = handle.ask(order).await.map_err(told)?;
            Ok(json!({ "savepoint": path }))
        }
        [how @ ("rescale" | "swap"), arguments @ ..] => {
            let predecessor = Predecessor {
                job: &base,
                config,
                root,
                clock,
            };
            let next = match (*how, arguments) {
                ("rescale", [parallelism]) => {
                    let parallelism = parallelism.parse().map_err(|_| "no number".to_owned())?;
                    predecessor
                        .rescaled(parallelism)
                        .map_err(|e| e.to_string())?
                }
                ("swap", [uid, file]) => {
                    let sandbox = super::sandbox(config, clock).map_err(|e| e.to_string())?;
                    let component = super::load(&sandbox, Path::new(file));
                    let component = component.map_err(|e| format!("{e:#}"))?;
                    predecessor
                        .swapped(uid, &component)
                        .map_err(|e| e.to_string())?
                }
                _ => return Err("no such order".to_owned()),
            };
            replace(handle, base, next).await.map_err(told)
        }
        _ => Err("no such order".to_owned()),
    }
}

async fn replace(handle: &JobHandle, base: Arc<Job>, next: Job) -> Result<Value, CommandError> {
    let next = Arc::new(next);
    let order = |reply| JobCommand::Replace(ReplaceOrder { base, next, reply });
    let replaced = handle.ask(order).await?;
    Ok(json!({
        "checkpoint": replaced.checkpoint,
        "in_place": replaced.in_place,
        "pause_ms": replaced.pause_ns as f64 / 1e6,
    }))
}
