//! The verbs that change a running job: savepoint, stop, rescale, swap, dead letters replayed. Each begins an operation and waits for its end.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::http::Client;
use super::verbs::done;
use crate::cli::{DeadLettersArgs, RescaleArgs, SavepointArgs, StopArgs, SwapArgs};
use crate::storage::location::Location;

/// Milliseconds that one answer may wait for the end of an operation.
const WAIT_MS: u64 = 20_000;

/// Waits for the end of an operation that was begun; what it gave.
fn ended(client: &Client, path: &str, begun: &Value) -> Result<Value> {
    let request = begun["request-id"].as_str().unwrap_or_default();
    loop {
        let answer = client.get(&format!("{path}/{request}?wait-ms={WAIT_MS}"))?;
        if answer["status"]["id"] != "COMPLETED" {
            continue;
        }
        let given = &answer["operation"];
        if let Some(cause) = given["failure-cause"]["stack-trace"].as_str() {
            bail!("{cause}");
        }
        return Ok(given.clone());
    }
}

/// A directory as the cluster finds it; the name of a place in a bucket is the same everywhere.
fn absolute(dir: Option<&Path>) -> Value {
    dir.map_or(Value::Null, |dir| {
        if Location::is_remote_name(dir) {
            return json!(dir);
        }
        json!(std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned()))
    })
}

fn location(given: &Value) -> String {
    given["location"].as_str().unwrap_or_default().to_owned()
}

/// `wasmill savepoint`.
pub(crate) fn savepoint(client: &Client, args: &SavepointArgs) -> Result<ExitCode> {
    let path = format!("/jobs/{}/savepoints", args.job.job);
    let body = json!({ "target-directory": absolute(args.dir.as_deref()) });
    let given = ended(client, &path, &client.post(&path, &body)?)?;
    done(&given, args.job.client.json, location)
}

/// `wasmill stop`.
pub(crate) fn stop(client: &Client, args: &StopArgs) -> Result<ExitCode> {
    let job = args.job.job;
    let body = json!({
        "targetDirectory": absolute(args.savepoint.as_deref()), "drain": args.drain,
    });
    let begun = client.post(&format!("/jobs/{job}/stop"), &body)?;
    let given = ended(client, &format!("/jobs/{job}/savepoints"), &begun)?;
    done(&given, args.job.client.json, location)
}

/// `wasmill rescale`.
pub(crate) fn rescale(client: &Client, args: &RescaleArgs) -> Result<ExitCode> {
    let path = format!("/jobs/{}/rescaling", args.job.job);
    let begun = client.patch(&format!("{path}?parallelism={}", args.parallelism))?;
    let given = ended(client, &path, &begun)?;
    done(&given, args.job.client.json, replaced)
}

/// `wasmill swap`.
pub(crate) fn swap(client: &Client, args: &SwapArgs) -> Result<ExitCode> {
    let path = format!("/jobs/{}/swap", args.job.job);
    let component = client.upload(&args.component)?;
    let body = json!({ "operator": args.operator, "component": component });
    let given = ended(client, &path, &client.post(&path, &body)?)?;
    done(&given, args.job.client.json, replaced)
}

/// `wasmill dead-letters --replay`.
pub(crate) fn replay(client: &Client, args: &DeadLettersArgs) -> Result<ExitCode> {
    let path = format!("/jobs/{}/dead-letters/replay", args.job);
    let body = json!({ "operator": args.operator });
    let given = ended(client, &path, &client.post(&path, &body)?)?;
    done(&given, args.json, replayed)
}

fn replayed(given: &Value) -> String {
    let mut text = format!("{} replayed", given["replayed"]);
    if given["refused"].as_u64() > Some(0) {
        let reasons = given["reasons"].as_array().into_iter().flatten();
        let reasons: Vec<&str> = reasons.filter_map(Value::as_str).collect();
        text.push_str(&format!(
            "; {} cannot be replayed: {}",
            given["refused"],
            reasons.join("; ")
        ));
    }
    text
}

fn replaced(given: &Value) -> String {
    let how = if given["in-place"] == true {
        "in place, at"
    } else {
        "by a deployment from"
    };
    format!(
        "{how} checkpoint {}; no records were processed for {:.1} ms",
        given["checkpoint"],
        given["pause-ms"].as_f64().unwrap_or(0.0)
    )
}
