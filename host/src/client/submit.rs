//! `wasmill submit` and `wasmill run --detached`: uploads the components that a job needs and has the cluster run it.
//!
//! A job file is read here, since it names files of this machine: its parameters are put in, its components are uploaded
//! and named by digest, and its paths are made absolute.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::http::Client;
use crate::cli::RunArgs;
use crate::dispatcher::OF_THE_PROCESS;
use crate::job_file::document::ComponentEntry;
use crate::job_file::read;
use crate::output::say;
use crate::storage::location::Location;

/// Submits a job and prints its id.
///
/// # Errors
/// A file cannot be read, nobody answers, or the cluster refuses.
pub(crate) fn submit(
    client: &Client,
    args: &RunArgs,
    settings: &[(String, String)],
) -> Result<ExitCode> {
    let job = &args.job;
    let of_job =
        |(key, _): &&(String, String)| !OF_THE_PROCESS.iter().any(|of| key.starts_with(of));
    let mut body = json!({
        "parallelism": job.parallelism,
        "settings": map(settings.iter().filter(of_job)),
        "grants": absolute(map(job.grants.iter())),
        "cachedFiles": absolute(map(job.cached_files.iter())),
        "restore": args.restore.as_deref().map(origin),
        "allowNonRestoredState": args.allow_non_restored_state,
    });
    let named = job.job_file.as_deref().or(job.job.as_deref());
    let named = named.unwrap_or(Path::new(""));
    let answer = if job.job_file.is_some() || read::is_job_file(named) {
        body["yaml"] = json!(job_file(client, named, &job.parameters)?);
        client.post("/job-files/run", &body)?
    } else {
        body["parameters"] = map(job.parameters.iter());
        let id = client.upload(named)?;
        client.post(&format!("/components/{id}/run"), &body)?
    };
    if job.json {
        say(&answer.to_string());
    } else {
        say(answer["jobid"].as_str().unwrap_or_default());
    }
    Ok(ExitCode::SUCCESS)
}

fn map<'a>(pairs: impl Iterator<Item = &'a (String, String)>) -> Value {
    let pairs = pairs.map(|(key, value)| (key.clone(), json!(value)));
    Value::Object(pairs.collect())
}

/// `latest`, or a path as the cluster finds it.
fn origin(from: &str) -> String {
    if from == "latest" || Location::is_remote_name(Path::new(from)) {
        return from.to_owned();
    }
    let path = std::path::absolute(from);
    path.map_or_else(|_| from.to_owned(), |path| path.display().to_string())
}

/// Paths of this process's folder, as the cluster finds them.
fn absolute(paths: Value) -> Value {
    let Value::Object(paths) = paths else {
        return paths;
    };
    let absolute = |path: Value| match path.as_str().map(std::path::absolute) {
        Some(Ok(absolute)) => json!(absolute),
        _ => path,
    };
    let paths = paths.into_iter().map(|(name, path)| (name, absolute(path)));
    Value::Object(paths.collect())
}

fn job_file(client: &Client, path: &Path, parameters: &[(String, String)]) -> Result<String> {
    let path = if path == Path::new("-") {
        path.to_owned()
    } else {
        std::path::absolute(path).with_context(|| format!("job file {}", path.display()))?
    };
    let mut file = read::read(&path, parameters)?;
    for entry in file.job.components.values_mut() {
        let path = match entry {
            ComponentEntry::Path(path) => path,
            ComponentEntry::Full(full) => &mut full.path,
        };
        *path = client.upload(&file.folder.join(path.as_str()))?;
    }
    let below = |paths: &mut Map<String, Value>, folder: &PathBuf| {
        for path in paths.values_mut() {
            if let Some(relative) = path.as_str() {
                *path = json!(folder.join(relative));
            }
        }
    };
    below(&mut file.job.grants, &file.folder);
    below(&mut file.job.cached_files, &file.folder);
    // They have been put in.
    file.job.parameters.clear();
    Ok(serde_saphyr::to_string(&file.job)?)
}
