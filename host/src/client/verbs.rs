//! The verbs that look at jobs and tell them to do something, each a request or two; text for people, or the cluster's own
//! JSON.

use std::process::ExitCode;

use anyhow::Result;
use serde_json::{Value, json};

use super::http::Client;
use crate::cli::ComponentsAction;
use crate::output::{figure, say, size};

pub(super) fn done(
    answer: &Value,
    as_json: bool,
    text: impl FnOnce(&Value) -> String,
) -> Result<ExitCode> {
    if as_json {
        say(&serde_json::to_string_pretty(answer)?);
    } else {
        say(&text(answer));
    }
    Ok(ExitCode::SUCCESS)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or("-")
}

fn rows(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn seconds(ms: &Value) -> String {
    format!("{:.1} s", ms.as_f64().unwrap_or(0.0) / 1000.0)
}

/// `wasmill overview`.
pub(crate) fn overview(client: &Client, as_json: bool) -> Result<ExitCode> {
    let answer = client.get("/overview")?;
    done(&answer, as_json, |it| {
        format!(
            "{}\n  slots      {} of {} free\n  jobs       {} running, {} finished, {} cancelled, {} failed\n  version    {}",
            client.base,
            it["slots-available"],
            it["slots-total"],
            it["jobs-running"],
            it["jobs-finished"],
            it["jobs-cancelled"],
            it["jobs-failed"],
            text(it, "wasmill-version"),
        )
    })
}

/// `wasmill list`.
pub(crate) fn list(client: &Client, as_json: bool) -> Result<ExitCode> {
    let answer = client.get("/jobs/overview")?;
    done(&answer, as_json, |it| {
        let mut lines = format!(
            "{:<32}  {:<10}  {:>9}  {:>10}  {:>10}  {}\n",
            "id", "state", "for", "in/s", "out/s", "name"
        );
        for job in rows(&it["jobs"]) {
            let rate = |key: &str| figure(job[key].as_f64().unwrap_or(0.0));
            lines.push_str(&format!(
                "{:<32}  {:<10}  {:>9}  {:>10}  {:>10}  {}\n",
                text(job, "jid"),
                text(job, "state"),
                seconds(&job["duration"]),
                rate("records-in-per-second"),
                rate("records-out-per-second"),
                text(job, "name"),
            ));
        }
        lines
    })
}

/// `wasmill info`.
pub(crate) fn info(client: &Client, job: &str, as_json: bool) -> Result<ExitCode> {
    let answer = client.get(&format!("/jobs/{job}"))?;
    let mut lines = format!(
        "{}\n  id         {}\n  state      {}\n  for        {}\n",
        text(&answer, "name"),
        text(&answer, "jid"),
        text(&answer, "state"),
        seconds(&answer["duration"]),
    );
    for vertex in rows(&answer["vertices"]) {
        let metrics = &vertex["metrics"];
        let part = |key: &str| 100.0 * metrics[key].as_f64().unwrap_or(0.0);
        lines.push_str(&format!(
            "\n[{}] x{} {}  {}\n  {} in, {} out, busy {:.0} %, back-pressured {:.0} %, state {}\n",
            text(vertex, "id"),
            vertex["parallelism"],
            text(vertex, "status"),
            text(vertex, "name"),
            metrics["read-records"],
            metrics["write-records"],
            part("busy-ratio"),
            part("backpressured-ratio"),
            size(metrics["state-bytes"].as_u64().unwrap_or(0)),
        ));
    }
    if !as_json && text(&answer, "state") == "FAILED" {
        let exceptions = client.get(&format!("/jobs/{job}/exceptions"))?;
        lines.push_str(&format!("\n{}\n", text(&exceptions, "root-exception")));
    }
    done(&answer, as_json, |_| lines)
}

/// `wasmill cancel`.
pub(crate) fn cancel(client: &Client, job: &str, as_json: bool) -> Result<ExitCode> {
    client.patch(&format!("/jobs/{job}?mode=cancel"))?;
    let answer = json!({ "jobid": job, "accepted": true });
    done(&answer, as_json, |_| {
        format!("job {job} is being cancelled")
    })
}

/// `wasmill checkpoint`.
pub(crate) fn checkpoint(client: &Client, job: &str, as_json: bool) -> Result<ExitCode> {
    let answer = client.post(&format!("/jobs/{job}/checkpoints"), &json!({}))?;
    done(&answer, as_json, |it| {
        format!("checkpoint {} is complete", it["checkpoint-id"])
    })
}

/// `wasmill logs`.
pub(crate) fn logs(
    client: &Client,
    job: &str,
    level: Option<&str>,
    as_json: bool,
) -> Result<ExitCode> {
    let level = level.unwrap_or("info");
    let answer = client.get(&format!("/jobs/{job}/logs?level={level}&limit=1000"))?;
    done(&answer, as_json, |it| {
        let line = |entry: &Value| {
            let operator = entry["operator"].as_str().map(|it| format!("{it}: "));
            format!(
                "{} {:<5} {}{}\n",
                entry["time"],
                text(entry, "level"),
                operator.unwrap_or_default(),
                text(entry, "message"),
            )
        };
        rows(&it["entries"]).map(line).collect()
    })
}

/// `wasmill components`.
pub(crate) fn components(
    client: &Client,
    action: Option<&ComponentsAction>,
    as_json: bool,
) -> Result<ExitCode> {
    match action {
        None => {
            let answer = client.get("/components")?;
            done(&answer, as_json, |it| {
                let line = |file: &Value| {
                    let bytes = size(file["size"].as_u64().unwrap_or(0));
                    format!(
                        "{}  {bytes:>10}  {}\n",
                        text(file, "id"),
                        text(file, "name")
                    )
                };
                rows(&it["files"]).map(line).collect()
            })
        }
        Some(ComponentsAction::Upload { file }) => {
            let answer = json!({ "id": client.upload(file)? });
            done(&answer, as_json, |it| text(it, "id").to_owned())
        }
        Some(ComponentsAction::Delete { id }) => {
            let answer = client.delete(&format!("/components/{id}"))?;
            done(&answer, as_json, |_| format!("component {id} is deleted"))
        }
    }
}
