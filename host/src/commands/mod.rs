//! The verbs of the command line, one file each, and what their exit codes mean.

mod inspect;
mod plan;
pub(crate) mod run;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use dataflow::clock::{Clock, SystemClock};

use crate::cli::{Cli, Command, JobArgs};
use crate::config::{self, Config};
use crate::scheduler::job::Job;
use crate::scheduler::job_master::JobFailure;
use crate::{job_graph, output, resources, telemetry};

/// Exit code of a job that failed while it ran.
const JOB_FAILED: u8 = 1;
/// Exit code of a command that was refused: wrong arguments, an unusable job, configuration or checkpoint.
const REFUSED: u8 = 2;
/// Exit code after Ctrl-C, as shells have it.
const INTERRUPTED: u8 = 130;

/// Runs a command.
///
/// # Errors
/// What the user has to know, on one line; see [`exit_code_of`].
pub(crate) fn run(cli: Cli) -> Result<ExitCode> {
    let mut settings = cli.settings;
    if let Some(level) = cli.log {
        settings.push(("log.level".to_owned(), level));
    }
    if let Command::Run(args) = &cli.command {
        let given = [
            (
                "execution.checkpointing.interval",
                args.checkpoint_interval.clone(),
            ),
            ("state.backend", args.state_backend.clone()),
            (
                "data.dir",
                args.data_dir.as_ref().map(|dir| dir.display().to_string()),
            ),
        ];
        settings.extend(
            given
                .into_iter()
                .filter_map(|(k, v)| Some((k.to_owned(), v?))),
        );
    }
    if let Command::Run(box_args) = &cli.command
        && let Some(parallelism) = box_args.job.parallelism
    {
        settings.push(("parallelism.default".to_owned(), parallelism.to_string()));
    }
    if let Command::Plan(args) = &cli.command
        && let Some(parallelism) = args.job.parallelism
    {
        settings.push(("parallelism.default".to_owned(), parallelism.to_string()));
    }
    let config = config::load(cli.config.as_deref(), &settings)?;
    telemetry::start(&config.log_level, config.log_json)?;
    match cli.command {
        Command::Run(args) => run::run(&args, &config),
        Command::Plan(args) => plan::plan(&args, &config),
        Command::Inspect(args) => inspect::inspect(&args, &config),
        Command::Config => {
            output::say(config::DEFAULTS);
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The exit code an error stands for.
pub(crate) fn exit_code_of(error: &anyhow::Error) -> u8 {
    if error.chain().any(|cause| cause.is::<JobFailure>()) {
        JOB_FAILED
    } else {
        REFUSED
    }
}

/// The sandbox, as configured.
pub(crate) fn sandbox(config: &Config, clock: &Arc<dyn Clock>) -> Result<wasm::Runtime> {
    let settings = wasm::RuntimeConfig {
        cache_dir: Some(config.cache_dir.clone()),
        epoch_tick_ms: epoch_tick_ms(config.guest_epoch_tick),
        ..wasm::RuntimeConfig::default()
    };
    Ok(wasm::Runtime::new(settings, Arc::clone(clock))?)
}

/// Zero, which never stops a guest, only if zero was asked for; less than a millisecond is a millisecond.
fn epoch_tick_ms(tick: Duration) -> u64 {
    if tick.is_zero() {
        return 0;
    }
    u64::try_from(tick.as_millis()).unwrap_or(u64::MAX).max(1)
}

/// The machine's clock.
pub(crate) fn system_clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock::new())
}

fn load(runtime: &wasm::Runtime, file: &Path) -> Result<wasm::Component> {
    Ok(runtime.load(file)?)
}

/// Loads a component, has it build its graph and checks it.
fn prepare(
    args: &JobArgs,
    config: &Config,
    runtime: &wasm::Runtime,
    clock: &Arc<dyn Clock>,
) -> Result<Job> {
    let component = load(runtime, &args.job)?;
    let plan = component.plan(&args.parameters)?;
    let graph = job_graph::of_plan(&plan);
    let limits = wasm::GuestLimits {
        memory_bytes: config.guest_memory_bytes,
        recycle_memory_bytes: config.guest_memory_bytes / 4 * 3,
        call_timeout_ms: u64::try_from(config.guest_call_timeout.as_millis()).unwrap_or(u64::MAX),
        ..wasm::GuestLimits::default()
    };
    let given = resources::Given {
        grants: &args.grants,
        cached_files: &args.cached_files,
    };
    let reachable = resources::of_job(&graph, &given);
    let reachable = Arc::new(reachable.with_context(|| format!("job {}", plan.name))?);
    let job = Job::new(
        graph,
        config.parallelism,
        component.operators(limits),
        component.digest().to_string(),
        args.parameters.clone(),
        reachable,
        clock,
    );
    job.with_context(|| format!("job {}", plan.name))
}
