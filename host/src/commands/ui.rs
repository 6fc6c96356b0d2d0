//! `wasmill run --ui`: the REST API and the console around the one job of this process, for as long as it runs.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use dataflow::clock::Clock;
use dataflow::ids::JobId;

use crate::api::server::Server;
use crate::api::{Api, RENDERER};
use crate::config::{Config, ConfigSources};
use crate::dispatcher::Dispatcher;
use crate::dispatcher::active_job::ActiveJob;
use crate::dispatcher::job_spec::{JobRecord, JobSpec};
use crate::job_log::JobLogs;
use crate::output;
use crate::scheduler::command::JobHandle;
use crate::scheduler::job::Job;

/// What the server needs beside the job.
pub(crate) struct Ui {
    /// Where it listens, if not where the configuration says.
    pub(crate) listen: Option<SocketAddr>,
    /// Where the configuration came from.
    pub(crate) sources: ConfigSources,
    /// The sandbox of the job.
    pub(crate) sandbox: wasm::Runtime,
    /// What is logged.
    pub(crate) logs: Arc<JobLogs>,
    /// What the job was started with.
    pub(crate) spec: JobSpec,
}

impl Ui {
    /// Begins to serve, and gives what is served; the address is printed on standard error, since standard output is the job's.
    ///
    /// # Errors
    /// The address cannot be used.
    pub(super) async fn show(
        self,
        id: JobId,
        job: &Job,
        config: &Arc<Config>,
        clock: &Arc<dyn Clock>,
        handle: JobHandle,
    ) -> Result<Arc<Dispatcher>> {
        let mut cluster = config.cluster.clone();
        if let Some(listen) = self.listen {
            (cluster.address, cluster.port) = (listen.ip(), listen.port());
        }
        let server = Server::bind(&cluster).await.context("--ui")?;
        output::error(&format!("listening on {}", server.url()));
        let dispatcher = Dispatcher::of_one_job(
            Arc::clone(config),
            self.sources,
            self.sandbox,
            Arc::clone(clock),
            RENDERER,
            Arc::clone(&self.logs),
        );
        let dispatcher = Arc::new(dispatcher);
        let record = JobRecord::new(id, job, self.spec, clock.now_ms());
        let active = ActiveJob::new(record, Arc::clone(config), handle, self.logs);
        dispatcher.adopt(active);
        tokio::spawn(Arc::clone(&dispatcher).sample());
        tokio::spawn(crate::reporter::report(Arc::clone(&dispatcher)));
        let shown = Arc::clone(&dispatcher);
        tokio::spawn(server.serve(Api { dispatcher }));
        Ok(shown)
    }
}
