//! The verbs of the command line, one file each, and what their exit codes mean.

mod check;
mod cluster;
mod compile;
mod dead_letters;
mod doctor;
mod export;
pub(crate) mod inspect;
pub(crate) mod origin;
pub(crate) mod plan;
mod project;
pub(crate) mod run;
mod signals;
mod state;
pub(crate) mod submission;
pub(crate) mod ui;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use dataflow::clock::{Clock, SystemClock};

use crate::api::security::new_token;
use crate::cli::{Cli, ClientArgs, Command, Document};
use crate::client::{self, Client};
use crate::config::{self, Config, ConfigSources};
use crate::scheduler::failure::JobFailure;
use crate::{job_file, output, telemetry};

use submission::Submission;

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
    let mut settings = given(&cli);
    let asked = ask(&cli.command, &settings, cli.config.as_deref())?;
    if let Some(code) = asked {
        return Ok(code);
    }
    let job_args = match &cli.command {
        Command::Run(args) => Some(&args.job),
        Command::Plan(args) => Some(&args.job),
        Command::Check(args) => Some(&args.job),
        _ => None,
    };
    let submission = job_args.map(Submission::of).transpose()?;
    if let Some(parallelism) = job_args.and_then(|args| args.parallelism) {
        settings.push(("parallelism.default".to_owned(), parallelism.to_string()));
    }
    // What the job file says goes before files and environment, and behind the flags.
    let own = submission.as_ref().map(Submission::settings);
    let settings = [own.unwrap_or_default(), settings].concat();
    let config = config::load(cli.config.as_deref(), &settings)?;
    let logs = telemetry::start(&config.log_level, config.log_json)?;
    match (cli.command, submission) {
        (Command::Run(args), Some(job)) => {
            let file = cli.config;
            run::run(&args, &job, &config, ConfigSources { file, settings }, logs)
        }
        (Command::Plan(args), Some(job)) => plan::plan(&args, &job, &config),
        (Command::Cluster(_), _) => {
            let file = cli.config;
            cluster::cluster(config, ConfigSources { file, settings }, logs)
        }
        (Command::Check(args), Some(job)) => check::check(&args, &job, &config),
        (Command::State(args), _) => state::state(&args, &config),
        (Command::Inspect(args), _) => inspect::inspect(&args, &config),
        (Command::Doctor(args), _) => doctor::doctor(&args, &config),
        (Command::DeadLetters(args), _) => dead_letters::dead_letters(&args, &config),
        (Command::Compile, _) => compile::compile(&config),
        (Command::Export(args), _) => export::export(&args, &config),
        (Command::Schema(args), _) => {
            let Document::JobFile = args.document;
            output::say(&serde_json::to_string_pretty(&job_file::document::schema())?);
            Ok(ExitCode::SUCCESS)
        }
        // The others asked a cluster, and have their answers.
        _ => {
            output::say(config::DEFAULTS);
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The configuration that the command line gives: `-D` and the flags that stand for keys.
fn given(cli: &Cli) -> Vec<(String, String)> {
    let mut settings = cli.settings.clone();
    if let Some(level) = cli.log.clone() {
        settings.push(("log.level".to_owned(), level));
    }
    if let Command::Run(args) | Command::Submit(args) = &cli.command {
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
    if let Command::Cluster(args) = &cli.command {
        settings.extend(args.settings());
    }
    if let Command::DeadLetters(args) = &cli.command
        && let Some(dir) = &args.data_dir
    {
        settings.push(("data.dir".to_owned(), dir.display().to_string()));
    }
    settings
}

/// Carries a verb out that runs no job here, if it is one: it asks a cluster, or works on files of the user.
fn ask(
    command: &Command,
    settings: &[(String, String)],
    file: Option<&Path>,
) -> Result<Option<ExitCode>> {
    let client = |address: Option<&String>| {
        let config = config::load(file, settings)?;
        Client::new(address.map(String::as_str), &config)
    };
    let of = |args: &ClientArgs| client(args.address.as_ref());
    let code = match command {
        Command::Submit(args) => client::submit(&client(args.address.as_ref())?, args, settings)?,
        Command::Run(args) if args.detached => {
            client::submit(&client(args.address.as_ref())?, args, settings)?
        }
        Command::List(args) => client::list(&of(args)?, args.json)?,
        Command::Overview(args) => client::overview(&of(args)?, args.json)?,
        Command::Info(it) => client::info(&of(&it.client)?, &it.job.to_string(), it.client.json)?,
        Command::Cancel(it) => {
            client::cancel(&of(&it.client)?, &it.job.to_string(), it.client.json)?
        }
        Command::Checkpoint(it) => {
            client::checkpoint(&of(&it.client)?, &it.job.to_string(), it.client.json)?
        }
        Command::Savepoint(args) => client::savepoint(&of(&args.job.client)?, args)?,
        Command::Stop(args) => client::stop(&of(&args.job.client)?, args)?,
        Command::Rescale(args) => client::rescale(&of(&args.job.client)?, args)?,
        Command::Swap(args) => client::swap(&of(&args.job.client)?, args)?,
        Command::Logs(args) => {
            let (job, client) = (args.job.job.to_string(), &args.job.client);
            client::logs(&of(client)?, &job, args.level.as_deref(), client.json)?
        }
        Command::Components(args) => {
            let json = args.client.json;
            client::components(&of(&args.client)?, args.action.as_ref(), json)?
        }
        Command::New(args) => project::new(args)?,
        Command::Build(args) => project::build(args)?,
        Command::Dev(args) => project::dev(args)?,
        Command::Token(args) => {
            let (token, line) = new_token(args.role, &args.name)?;
            output::say(&token);
            output::error(&format!("the line for the tokens file: {line}"));
            ExitCode::SUCCESS
        }
        _ => return Ok(None),
    };
    Ok(Some(code))
}

/// The exit code an error stands for.
pub(crate) fn exit_code_of(error: &anyhow::Error) -> u8 {
    let failure = error.chain().find_map(|cause| cause.downcast_ref());
    if failure.is_some_and(|failure| !matches!(failure, JobFailure::Deploy(_))) {
        JOB_FAILED
    } else {
        REFUSED
    }
}

/// The sandbox, as configured. Components are compiled in a process of their own.
pub(crate) fn sandbox(config: &Config, clock: &Arc<dyn Clock>) -> Result<wasm::Runtime> {
    let settings = wasm::RuntimeConfig {
        cache_dir: Some(config.cache_dir.clone()),
        compiler: Some(compiler(config)?),
        ..engine_settings(config)
    };
    Ok(wasm::Runtime::new(settings, Arc::clone(clock))?)
}

/// As [`sandbox`], for programs that have no verb to compile with.
pub(crate) fn sandbox_compiling_here(
    config: &Config,
    clock: &Arc<dyn Clock>,
) -> Result<wasm::Runtime> {
    let settings = wasm::RuntimeConfig {
        cache_dir: Some(config.cache_dir.clone()),
        ..engine_settings(config)
    };
    Ok(wasm::Runtime::new(settings, Arc::clone(clock))?)
}

/// What decides how code is compiled, and what is taken for a component.
fn engine_settings(config: &Config) -> wasm::RuntimeConfig {
    wasm::RuntimeConfig {
        epoch_tick_ms: epoch_tick_ms(config.guest.epoch_tick),
        inquiry: submission::guest_limits(&config.guest),
        module_limits: wasm::ModuleLimits {
            file_bytes: config.guest.component_bytes,
            ..wasm::ModuleLimits::default()
        },
        ..wasm::RuntimeConfig::default()
    }
}

/// This program as a compiler, told what it cannot read anywhere else.
fn compiler(config: &Config) -> Result<wasm::CompilerProcess> {
    let compile = &config.guest.compile;
    let settings = [
        format!(
            "guest.epoch-tick={}ms",
            epoch_tick_ms(config.guest.epoch_tick)
        ),
        format!("guest.component-size={}B", config.guest.component_bytes),
        format!("guest.compile.memory={}B", compile.memory_bytes),
        format!("guest.compile.cpu={}ms", compile.cpu.as_millis()),
        format!("guest.compile.timeout={}ms", compile.timeout.as_millis()),
        format!("guest.compile.parallel={}", compile.parallel),
    ];
    let mut arguments = vec![OsString::from("compile")];
    for setting in settings {
        arguments.extend([OsString::from("-D"), OsString::from(setting)]);
    }
    Ok(wasm::CompilerProcess {
        program: std::env::current_exe().context("find this program, to compile with it")?,
        arguments,
        limits: compile_limits(config),
    })
}

fn compile_limits(config: &Config) -> wasm::CompileLimits {
    let compile = &config.guest.compile;
    wasm::CompileLimits {
        memory_bytes: compile.memory_bytes,
        cpu_seconds: compile.cpu.as_secs().max(1),
        timeout: compile.timeout,
    }
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
