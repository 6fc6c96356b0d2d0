//! Logs: structured, to standard error, filtered by configuration; and the newest entries of every job in memory.

use std::sync::Arc;

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::job_log::{JobLogLayer, JobLogs};

/// Starts logging. Called once, by `main`'s command. What is returned has the newest entries of every job, from `info`
/// up, whatever goes to standard error.
///
/// # Errors
/// The filter is not one.
pub(crate) fn start(level: &str, json: bool) -> Result<Arc<JobLogs>, anyhow::Error> {
    let filter = EnvFilter::try_new(level)
        .map_err(|error| anyhow::anyhow!("configuration: log.level = \"{level}\": {error}"))?;
    let logs = Arc::new(JobLogs::default());
    let of_jobs = JobLogLayer::new(Arc::clone(&logs)).with_filter(LevelFilter::INFO);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = if json {
        lines.json().with_filter(filter).boxed()
    } else {
        lines.with_filter(filter).boxed()
    };
    let registry = tracing_subscriber::registry().with(lines).with(of_jobs);
    registry
        .try_init()
        .map_err(|error| anyhow::anyhow!("start logging: {error}"))?;
    Ok(logs)
}
