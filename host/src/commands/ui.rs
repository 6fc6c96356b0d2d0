//! `wasmill run --ui`: the REST API and the console around the one job of this process, for as long as it runs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum_server::Handle;
use dataflow::clock::Clock;
use dataflow::ids::JobId;
use tokio::task::JoinHandle;
use tokio::time::timeout;

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

/// How long a process still answers after its job has ended.
const FAREWELL: Duration = Duration::from_millis(500);

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
    ) -> Result<Shown> {
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
        let handle = server.handle.clone();
        let api = Api {
            dispatcher: Arc::clone(&dispatcher),
        };
        Ok(Shown {
            dispatcher,
            handle,
            serving: tokio::spawn(server.serve(api)),
        })
    }
}

/// A server that shows a job.
pub(super) struct Shown {
    dispatcher: Arc<Dispatcher>,
    handle: Handle<SocketAddr>,
    serving: JoinHandle<Result<()>>,
}

impl Shown {
    /// The job has ended: whoever had it do so is told what came of it before there is nobody to tell it, if he asks soon.
    pub(super) async fn farewell(self) {
        // Late is late: then nobody asked.
        let _ = timeout(FAREWELL, self.dispatcher.operations.all_told()).await;
        self.handle.graceful_shutdown(Some(FAREWELL));
        if let Ok(Err(error)) = self.serving.await {
            tracing::warn!("the console: {error:#}");
        }
    }
}
