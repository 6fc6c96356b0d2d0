//! `wasmill cluster`: a process that runs many jobs, submitted through the REST API or the console, until it is stopped.
//! Jobs that had not ended go on when it is started again with the same data directory.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::api::server::Server;
use crate::api::{Api, RENDERER};
use crate::config::{Config, ConfigSources};
use crate::dispatcher::Dispatcher;
use crate::job_log::JobLogs;
use crate::output;
use crate::reporter;

/// The folder of a cluster below the data directory. Folders of jobs never begin with a dot, so it is none of them.
const FOLDER: &str = ".cluster";

/// Threads that decide and answer; records have threads of their own.
const CONTROL_THREADS: usize = 4;

/// How long requests under way have when the process ends.
const GRACE: Duration = Duration::from_secs(2);

pub(super) fn cluster(
    config: Config,
    sources: ConfigSources,
    logs: Arc<JobLogs>,
) -> Result<ExitCode> {
    let clock = super::system_clock();
    let sandbox = super::sandbox(&config, &clock)?;
    let dir = config.data_dir.join(FOLDER);
    let config = Arc::new(config);
    let dispatcher = Dispatcher::open(config, sources, sandbox, clock, RENDERER, logs, &dir)?;
    let dispatcher = Arc::new(dispatcher);
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(CONTROL_THREADS)
        .thread_name("control")
        .enable_all()
        .build()
        .context("start the control threads")?;
    tokio.block_on(async {
        let server = Server::bind(&dispatcher.config.cluster).await?;
        // Who looks right away finds the jobs of the process before.
        dispatcher.take_up().await?;
        output::say(&format!("listening on {}", server.url()));
        let handle = server.handle.clone();
        let api = Api {
            dispatcher: Arc::clone(&dispatcher),
        };
        let serving = tokio::spawn(server.serve(api));
        let sampling = tokio::spawn(Arc::clone(&dispatcher).sample());
        let reporting = tokio::spawn(reporter::report(Arc::clone(&dispatcher)));
        super::signals::first().await;
        output::error("stopping; once more to stop at once");
        let stop = async {
            dispatcher.suspend_all().await;
            handle.graceful_shutdown(Some(GRACE));
        };
        tokio::select! {
            () = stop => {}
            () = super::signals::first() => return Ok(()),
        }
        sampling.abort();
        reporting.abort();
        serving.await.context("serve")?
    })?;
    tokio.shutdown_timeout(GRACE);
    Ok(ExitCode::SUCCESS)
}
