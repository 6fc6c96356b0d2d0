//! `wasmill run`: a job from its file to its end in this process: load, restore, deploy, watch, sum up.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, bail};
use dataflow::checkpoint::coordinator::CheckpointConfig;
use dataflow::clock::Clock;
use dataflow::ids::CheckpointId;
use dataflow::limits::TASK_EVENTS_MAX;
use dataflow::port::blob::BlobStore;
use dataflow::port::state::StateBackendFactory;
use runtime::task::event::TaskEvent;
use runtime::task::storage_pool::StoragePool;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

use super::submission::Submission;
use crate::cli::RunArgs;
use crate::config::{Backend, Config};
use crate::output;
use crate::progress::{self, Started, Summary};
use crate::scheduler::deploy::Deployment;
use crate::scheduler::job::Job;
use crate::scheduler::job_master::{CheckpointFigures, JobMaster, Outcome, Request};
use crate::scheduler::restore::Inheritance;
use crate::storage::blob_store::ObjectBlobStore;
use crate::storage::checkpoint_store::{CheckpointStore, Restorable};

pub(super) fn run(args: &RunArgs, submission: &Submission, config: &Config) -> Result<ExitCode> {
    let clock = super::system_clock();
    let sandbox = super::sandbox(config, &clock)?;
    if args.restore.as_deref().is_some_and(|from| from != "latest") && args.data_dir.is_some() {
        bail!("--restore PATH names the data directory itself: leave --data-dir out");
    }
    let job = submission.job(&args.job, config, &sandbox, &clock, args.collect)?;
    let job = Arc::new(job);
    crate::resources::check(&job.graph, &job.resources)
        .with_context(|| format!("job {}", job.graph.name))?;
    let (started, summary) = run_job(&job, config.clone(), &clock, args.restore.as_deref())?;
    progress::conclude(&started, &summary, &job, args.job.json);
    Ok(match summary.outcome {
        Outcome::Finished(_) => ExitCode::SUCCESS,
        Outcome::Stopped(_) => ExitCode::from(super::INTERRUPTED),
    })
}

/// Runs a checked job to its end, from its beginning or from a checkpoint: `latest`, or the folder of a job's
/// checkpoints.
///
/// # Errors
/// The checkpoint cannot be used, or the job cannot be deployed or fails.
pub(crate) fn run_job(
    job: &Arc<Job>,
    mut config: Config,
    clock: &Arc<dyn Clock>,
    restore: Option<&str>,
) -> Result<(Started, Summary)> {
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("control")
        .enable_all()
        .build()
        .context("start the control threads")?;
    let run = format!("{:x}-{:x}", clock.now_ms(), std::process::id());
    let root = match restore {
        None | Some("latest") => config.data_dir.join(file_name_of(&job.graph.name)),
        Some(path) => PathBuf::from(path),
    };
    let (store, restorable) = open_store(restore, &config, &root, &run, tokio.handle())?;
    if store.is_some() && config.checkpoint_interval.is_none() {
        // A restored job goes on being restorable, at least at its end.
        config.checkpoint_interval = Some(std::time::Duration::from_secs(60 * 60 * 24));
    }
    let work_dir = config.tmp_dir.join(format!("wasmill-{run}"));
    let result = execute(
        job,
        &config,
        clock,
        &tokio,
        store,
        restorable.as_ref(),
        &run,
        &work_dir,
    );
    let _ = std::fs::remove_dir_all(&work_dir);
    result
}

/// A job's name as a folder's.
fn file_name_of(job: &str) -> String {
    let safe = |c: char| {
        if c.is_ascii_alphanumeric() || "-_.".contains(c) {
            c
        } else {
            '_'
        }
    };
    let name: String = job.chars().map(safe).collect();
    if name.starts_with('.') || name.is_empty() {
        format!("_{name}")
    } else {
        name
    }
}

type Store = Arc<Mutex<CheckpointStore>>;

/// Opens the checkpoints of the job, if it keeps or restores any.
fn open_store(
    restore: Option<&str>,
    config: &Config,
    root: &Path,
    run: &str,
    handle: &Handle,
) -> Result<(Option<Store>, Option<Restorable>)> {
    if config.checkpoint_interval.is_none() && restore.is_none() {
        return Ok((None, None));
    }
    if config.backend == Backend::Memory {
        if restore.is_some() {
            bail!(
                "the state backend memory keeps checkpoints in memory only, so there is nothing to restore: use --state-backend filesystem or rocksdb"
            );
        }
        let store =
            CheckpointStore::in_memory(run.to_owned(), config.retained_checkpoints, handle.clone());
        return Ok((Some(Arc::new(Mutex::new(store))), None));
    }
    if restore.is_some() && !root.is_dir() {
        bail!(
            "there is no checkpoint to restore in {}: run the job with --checkpoint-interval first",
            root.display()
        );
    }
    let mut store = CheckpointStore::open(
        root,
        run.to_owned(),
        config.retained_checkpoints,
        handle.clone(),
    )?;
    let restorable = match restore {
        Some(_) => Some(store.load_latest()?),
        None => None,
    };
    Ok((Some(Arc::new(Mutex::new(store))), restorable))
}

/// Where snapshots go when nothing keeps them: nothing is written then, so this is only a formality.
fn no_store(handle: &Handle) -> Arc<dyn BlobStore> {
    Arc::new(ObjectBlobStore::new(
        Arc::new(object_store::memory::InMemory::new()),
        handle.clone(),
    ))
}

fn backends(config: &Config) -> Arc<dyn StateBackendFactory> {
    match config.backend {
        Backend::Memory | Backend::Filesystem => Arc::new(state::HeapBackendFactory::new()),
        Backend::Rocksdb => Arc::new(state::RocksdbBackendFactory::default()),
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "the composition root of a run: each is used once"
)]
fn execute(
    job: &Arc<Job>,
    config: &Config,
    clock: &Arc<dyn Clock>,
    tokio: &tokio::runtime::Runtime,
    store: Option<Store>,
    restorable: Option<&Restorable>,
    run: &str,
    work_dir: &Path,
) -> Result<(Started, Summary)> {
    let started = Started::now(clock, restorable.map(|from| from.metadata.checkpoint));
    let inheritance = Inheritance::new(job, restorable)?;
    let blobs = store.as_ref().map_or_else(
        || no_store(tokio.handle()),
        |store| {
            store
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .blobs()
        },
    );
    let storage = Arc::new(StoragePool::start(config.storage_threads, blobs)?);
    let (sender, events) = mpsc::channel::<TaskEvent>(TASK_EVENTS_MAX);
    let deployment = Deployment {
        job,
        inheritance: &inheritance,
        config,
        clock: Arc::clone(clock),
        backends: backends(config),
        storage,
        // Fails only when the job master is gone, and then nobody wants to know.
        events: Arc::new(move |event| drop(sender.blocking_send(event))),
        run: run.to_owned(),
        work_dir: work_dir.to_owned(),
    };
    crate::resources::fetch(&job.resources, &work_dir.join("cached-files"))?;
    let monitors = deployment.monitors()?;
    let tasks = deployment.start()?;
    drop(deployment);
    let (request, requests) = watch::channel(Request::Run);
    let figures = Arc::new(Mutex::new(CheckpointFigures::default()));
    let watched = progress::Watched::of(job, &tasks, &figures);
    let ms =
        |duration: std::time::Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    let master = JobMaster {
        job: Arc::clone(job),
        tasks,
        monitors,
        checkpoints: CheckpointConfig {
            interval_ms: config.checkpoint_interval.map(ms),
            timeout_ms: ms(config.checkpoint_timeout),
            min_pause_ms: ms(config.checkpoint_min_pause),
            tolerated_failures: config.tolerated_checkpoint_failures,
        },
        first_checkpoint: CheckpointId(inheritance.next_checkpoint()),
        attempt: inheritance.attempt(),
        store,
        clock: Arc::clone(clock),
        events,
        requests,
        figures: Arc::clone(&figures),
    };
    let outcome = tokio.block_on(async {
        let signals = tokio::spawn(watch_signals(request, work_dir.to_owned()));
        let line = tokio::spawn(progress::show(watched.clone(), Arc::clone(clock)));
        let outcome = master.run().await;
        line.abort();
        let _ = line.await;
        signals.abort();
        outcome
    });
    let outcome = outcome.with_context(|| format!("job {}", job.graph.name))?;
    Ok((started, Summary::new(outcome, &watched, clock)))
}

/// How long tasks have after the second signal.
const GRACE: std::time::Duration = std::time::Duration::from_secs(1);

/// The first Ctrl-C (or a termination signal) asks for a clean stop, the second ends it at once.
async fn watch_signals(request: watch::Sender<Request>, work_dir: PathBuf) {
    let Ok(mut terminate) =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
    else {
        return;
    };
    for asked in [Request::Stop, Request::Cancel] {
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => if interrupted.is_err() { return },
            _ = terminate.recv() => {}
        }
        if asked == Request::Stop {
            output::error("stopping; once more to stop at once");
        }
        let _ = request.send(asked);
    }
    // Aborted here if the tasks end by themselves. One inside a guest or a sink that does not return cannot.
    tokio::time::sleep(GRACE).await;
    let _ = std::fs::remove_dir_all(&work_dir);
    std::process::exit(i32::from(super::INTERRUPTED));
}
