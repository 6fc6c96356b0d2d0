//! `wasmill run`: a job from its file to its end in this process: load, restore, deploy, watch, sum up.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, bail};
use dataflow::clock::Clock;
use tokio::runtime::{Handle, Runtime};
use tracing::Instrument;

use super::origin::{Begin, Origin};
use super::submission::Submission;
use super::ui::Ui;
use crate::cli::RunArgs;
use crate::config::{Backend, Config, ConfigSources};
use crate::dead_letters;
use crate::dispatcher::job_spec::{JobSource, JobSpec};
use crate::dispatcher::new_job_id;
use crate::job_log::JobLogs;
use crate::output;
use crate::progress::{self, Started, Summary, Watched};
use crate::scheduler::command::{JobCommand, JobHandle};
use crate::scheduler::job::Job;
use crate::scheduler::job_master::{JobMaster, Outcome, Store};
use crate::scheduler::job_view::JobView;
use crate::storage::checkpoint_store::{CheckpointStore, Restorable};
use crate::storage::location::Location;

pub(super) fn run(
    args: &RunArgs,
    submission: &Submission,
    config: &Config,
    sources: ConfigSources,
    logs: Arc<JobLogs>,
) -> Result<ExitCode> {
    let clock = super::system_clock();
    let sandbox = super::sandbox(config, &clock)?;
    let control = control_threads()?;
    let from = Origin::of(args.restore.as_deref(), &config.s3, control.handle())?;
    if let Origin::Checkpoints(path) = &from
        && args.data_dir.is_some()
        && !Location::is_remote_name(path)
    {
        if !path.is_dir() {
            bail!(
                "--from: there is no savepoint or checkpoint in {}",
                path.display()
            );
        }
        bail!("--from PATH names the data directory itself: leave --data-dir out");
    }
    let mut job = submission.job(&args.job, config, &sandbox, &clock, args.collect)?;
    let root = from.root(&job, config);
    let folder = match Location::is_remote_name(&root) {
        // Dead letters are kept on this machine.
        true => config.data_dir.join(file_name_of(&job.graph.name)),
        false => root,
    };
    dead_letters::keep(&mut job, &config.guest, &folder, &clock)?;
    let job = Arc::new(job);
    crate::resources::check(&job.graph, &job.resources)
        .with_context(|| format!("job {}", job.graph.name))?;
    let ui = match args.ui.as_deref() {
        None => None,
        Some(listen) => Some(Ui {
            listen: match listen {
                "" => None,
                listen => Some(listen.parse().with_context(|| format!("--ui={listen}"))?),
            },
            sources,
            sandbox,
            logs,
            spec: JobSpec {
                source: JobSource::Elsewhere,
                parameters: args.job.parameters.clone(),
                settings: Vec::new(),
                grants: args.job.grants.clone(),
                cached_files: args.job.cached_files.clone(),
                parallelism: args.job.parallelism,
                chosen: Default::default(),
                restore: args.restore.clone(),
                allow_non_restored: args.allow_non_restored_state,
                swapped: BTreeMap::new(),
            },
        }),
    };
    let begins = (from, args.allow_non_restored_state);
    let (started, summary) = run_job(&job, config.clone(), &clock, begins, ui)?;
    progress::conclude(&started, &summary, &job, args.job.json);
    Ok(match summary.outcome {
        Outcome::Finished(_) | Outcome::Savepoint(..) => ExitCode::SUCCESS,
        Outcome::Stopped(_) => ExitCode::from(super::INTERRUPTED),
    })
}

/// The threads on which everything waits that is no record.
fn control_threads() -> Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("control")
        .enable_all()
        .build()
        .context("start the control threads")
}

/// Runs a checked job to its end from some origin; state of operators that the job does not have is left out if the
/// flag beside it is set.
///
/// # Errors
/// The checkpoint cannot be used, or the job cannot be deployed or fails.
pub(crate) fn run_job(
    job: &Arc<Job>,
    mut config: Config,
    clock: &Arc<dyn Clock>,
    (from, allow_non_restored): (Origin, bool),
    ui: Option<Ui>,
) -> Result<(Started, Summary)> {
    let tokio = control_threads()?;
    let run = format!("{:x}-{:x}", clock.now_ms(), std::process::id());
    let root = from.root(job, &config);
    let begin = Begin {
        job,
        config: &config,
        root: &root,
        run: &run,
        clock,
        allow_non_restored,
    };
    let opened = from.open(&begin, tokio.handle());
    let (store, restorable) = opened.with_context(|| format!("job {}", job.graph.name))?;
    if store.is_some() && config.checkpoint_interval.is_none() {
        // A restored job goes on being restorable, at least at its end.
        config.checkpoint_interval = Some(std::time::Duration::from_secs(60 * 60 * 24));
    }
    let work_dir = config.tmp_dir.join(format!("wasmill-{run}"));
    let started = Started::now(clock);
    let id = new_job_id()?;
    let view = Arc::new(JobView::new(id, Arc::clone(job), clock.now_ms()));
    let (handle, commands) = JobHandle::new(Arc::clone(&view));
    let config = Arc::new(config);
    let master = JobMaster {
        job: Arc::clone(job),
        config: Arc::clone(&config),
        clock: Arc::clone(clock),
        store,
        restorable: restorable.map(Arc::new),
        allow_non_restored,
        view: Arc::clone(&view),
        commands,
        run,
        work_dir: work_dir.clone(),
    };
    let watched = Watched::of(view);
    let outcome = tokio.block_on(async {
        let shown = match ui {
            Some(ui) => Some(ui.show(id, job, &config, clock, handle.clone()).await?),
            None => None,
        };
        let signals = tokio::spawn(watch_signals(handle, work_dir));
        let line = tokio::spawn(progress::show(watched.clone(), Arc::clone(clock)));
        let span = tracing::info_span!("job", job = %id);
        let outcome = master.run().instrument(span).await;
        line.abort();
        let _ = line.await;
        signals.abort();
        if let Some(shown) = shown {
            shown.farewell().await;
        }
        anyhow::Ok(outcome)
    })?;
    let outcome = outcome.with_context(|| format!("job {}", job.graph.name))?;
    Ok((started, Summary::new(outcome, &watched, clock)))
}

/// A job's name as a folder's.
pub(crate) fn file_name_of(job: &str) -> String {
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

/// Opens the checkpoints of the job, if it keeps or restores any.
pub(crate) fn open_store(
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
        let store = store.with_concurrent(config.max_concurrent_checkpoints);
        return Ok((Some(Arc::new(Mutex::new(store))), None));
    }
    let place = config.checkpoints_of(root);
    if restore.is_some() && matches!(&place, Location::Local(dir) if !dir.is_dir()) {
        bail!(
            "there is no checkpoint to restore in {place}: run the job with --checkpoint-interval first"
        );
    }
    let mut store = CheckpointStore::open(
        &place,
        &config.s3,
        run.to_owned(),
        config.retained_checkpoints,
        handle.clone(),
    )?
    .with_concurrent(config.max_concurrent_checkpoints);
    let restorable = match restore {
        Some(_) => Some(store.load_latest()?),
        None => None,
    };
    Ok((Some(Arc::new(Mutex::new(store))), restorable))
}

/// How long tasks have after the second signal.
const GRACE: std::time::Duration = std::time::Duration::from_secs(1);

/// The first Ctrl-C (or a termination signal) asks for a clean stop, the second ends it at once.
async fn watch_signals(job: JobHandle, work_dir: PathBuf) {
    let Ok(mut terminate) =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
    else {
        return;
    };
    for command in [JobCommand::Suspend, JobCommand::Cancel] {
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => if interrupted.is_err() { return },
            _ = terminate.recv() => {}
        }
        if matches!(command, JobCommand::Suspend) {
            output::error("stopping; once more to stop at once");
        }
        // A job that has ended needs no command.
        let _ = job.send(command);
    }
    // Aborted here if the tasks end by themselves. One inside a guest or a sink that does not return cannot.
    tokio::time::sleep(GRACE).await;
    let _ = std::fs::remove_dir_all(&work_dir);
    std::process::exit(i32::from(super::INTERRUPTED));
}
