//! Logs: structured, to standard error, filtered by configuration.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

/// Starts logging. Called once, by `main`'s command.
///
/// # Errors
/// The filter is not one.
pub(crate) fn start(level: &str, json: bool) -> Result<(), anyhow::Error> {
    let filter = EnvFilter::try_new(level)
        .map_err(|error| anyhow::anyhow!("configuration: log.level = \"{level}\": {error}"))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_span_events(FmtSpan::NONE)
        .with_thread_names(false);
    let started = if json {
        builder.json().try_init()
    } else {
        builder.try_init()
    };
    started.map_err(|error| anyhow::anyhow!("start logging: {error}"))
}
