//! What is submitted: a component that builds its job, or a job file that names components. Both become one checked job.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use dataflow::clock::Clock;
use dataflow::graph::logical::{Connector, JobGraph, OperatorKind};
use dataflow::job::restart::RestartStrategy;
use serde_json::{Map, Value};

use crate::cli::JobArgs;
use crate::config::{Config, GuestConfig};
use crate::job_file::read::{self, ReadJobFile};
use crate::job_file::{Assembled, JobFile};
use crate::job_graph;
use crate::resources::Given;
use crate::scheduler::job::{Job, JobComponent};

/// Short names of settings, as the flags have them, and the configuration keys they stand for.
const SHORT_NAMES: [(&str, &str); 3] = [
    ("checkpoint-interval", "execution.checkpointing.interval"),
    ("state-backend", "state.backend"),
    ("data-dir", "data.dir"),
];

/// A job before it is checked.
pub(crate) enum Submission {
    /// The path of a component.
    Component(PathBuf),
    /// A component that is loaded already.
    Loaded(Box<wasm::Component>),
    /// A job file.
    JobFile(Box<ReadJobFile>),
}

impl Submission {
    /// Finds out what the arguments name, and reads it if it is a job file.
    ///
    /// # Errors
    /// The job file cannot be used.
    pub(crate) fn of(args: &JobArgs) -> Result<Self> {
        let named = args.job.as_deref().unwrap_or(Path::new(""));
        match args.job_file.as_deref() {
            Some(file) => Self::job_file(file, &args.parameters),
            None if read::is_job_file(named) => Self::job_file(named, &args.parameters),
            None => Ok(Self::Component(named.to_owned())),
        }
    }

    fn job_file(path: &Path, parameters: &[(String, String)]) -> Result<Self> {
        Ok(Self::JobFile(Box::new(read::read(path, parameters)?)))
    }

    /// Configuration that the job brings along, as `-D` takes it.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        let Self::JobFile(file) = self else {
            return Vec::new();
        };
        let JobFile {
            parallelism,
            settings,
            ..
        } = &file.job;
        let parallelism = parallelism.map(|p| ("parallelism.default".to_owned(), p.to_string()));
        let settings = settings.iter().map(|(name, value)| {
            let known = SHORT_NAMES.iter().find(|(short, _)| short == name);
            let key = known.map_or(name.as_str(), |(_, key)| key);
            (key.to_owned(), value.text())
        });
        parallelism.into_iter().chain(settings).collect()
    }

    /// What the job file grants and registers, then what the arguments do, which goes before it.
    fn given(&self, args: &JobArgs) -> Result<Given> {
        let (mut grants, mut cached_files) = match self {
            Self::Component(_) | Self::Loaded(_) => (Vec::new(), Vec::new()),
            Self::JobFile(file) => (
                paths(file, "grants", &file.job.grants)?,
                paths(file, "cached_files", &file.job.cached_files)?,
            ),
        };
        grants.extend_from_slice(&args.grants);
        cached_files.extend_from_slice(&args.cached_files);
        Ok(Given {
            grants,
            cached_files,
        })
    }

    /// Loads the components, has them plan, and checks the job. With `collect`, every sink gives its records to the
    /// client instead of where the job would have them.
    ///
    /// # Errors
    /// The job is refused.
    pub(crate) fn job(
        &self,
        args: &JobArgs,
        config: &Config,
        sandbox: &wasm::Runtime,
        clock: &Arc<dyn Clock>,
        collect: bool,
    ) -> Result<Job> {
        let limits = || guest_limits(&config.guest);
        let (mut graph, components, restart_strategy) = match self {
            Self::Component(file) => {
                planned(&super::load(sandbox, file)?, &args.parameters, limits())?
            }
            Self::Loaded(component) => planned(component, &args.parameters, limits())?,
            Self::JobFile(file) => {
                let assembled = Assembled::of(file, config.plugin_dir.as_deref(), sandbox, clock)?;
                let components = assembled.components.into_iter().map(|it| JobComponent {
                    name: it.name,
                    digest: it.component.digest().to_string(),
                    file: it.component.file().map(Path::to_owned),
                    first_operator: it.first_operator,
                    operators: it.component.operators(limits()),
                    parameters: it.arguments,
                    planned: uids(&it.plan),
                });
                // A job file says it among its settings.
                (assembled.graph, components.collect(), None)
            }
        };
        let given = self.given(args)?;
        let resources = crate::resources::of_job(&graph, &given);
        let resources = resources.with_context(|| format!("job {}", graph.name))?;
        if collect {
            collect_all(&mut graph);
        }
        let name = graph.name.clone();
        let job = Job::new(
            graph,
            config.parallelism,
            components,
            Arc::new(resources),
            clock,
        );
        let mut job = job.with_context(|| format!("job {name}"))?;
        job.restart_strategy = restart_strategy;
        Ok(job)
    }
}

/// The operators of a plan by their numbers.
fn uids(plan: &wasm::Plan) -> Vec<(u32, String)> {
    let operators = plan.operators.iter();
    operators.map(|it| (it.id, it.uid.clone())).collect()
}

/// The graph that a component plans, the component itself, and the restart strategy that the job wants.
fn planned(
    component: &wasm::Component,
    parameters: &[(String, String)],
    limits: wasm::GuestLimits,
) -> Result<(JobGraph, Vec<JobComponent>, Option<RestartStrategy>)> {
    let plan = component.plan(parameters)?;
    let graph = job_graph::of_plan(&plan).map_err(|reason| anyhow!(reason));
    let graph = graph.with_context(|| format!("job {}", plan.name))?;
    let component = JobComponent {
        name: component.name().to_owned(),
        digest: component.digest().to_string(),
        file: component.file().map(Path::to_owned),
        first_operator: 0,
        operators: component.operators(limits),
        parameters: parameters.to_vec(),
        planned: uids(&plan),
    };
    let restart_strategy = plan.restart_strategy.map(|it| it.strategy());
    Ok((graph, vec![component], restart_strategy))
}

/// Grants or registered files of a job file, as the flags have them; paths are relative to the file.
fn paths(
    file: &ReadJobFile,
    field: &str,
    map: &Map<String, Value>,
) -> Result<Vec<(String, String)>> {
    let path = |(name, path): (&String, &Value)| match path.as_str() {
        Some(path) => Ok((name.clone(), file.folder.join(path).display().to_string())),
        None => bail!("job file {}: {field}.{name}: {path} is no path", file.name),
    };
    map.iter().map(path).collect()
}

/// Leads every sink to the client.
fn collect_all(graph: &mut JobGraph) {
    for operator in &mut graph.operators {
        if let OperatorKind::Sink(connector) = &mut operator.kind {
            *connector = Connector(r#"{"type":"collect"}"#.to_owned());
            operator.component = None;
            operator.grants.clear();
        }
    }
}

/// The limits of guests that say nothing of their own.
pub(crate) fn guest_limits(config: &GuestConfig) -> wasm::GuestLimits {
    wasm::GuestLimits {
        memory_bytes: config.memory_bytes,
        recycle_memory_bytes: config.memory_bytes / 4 * 3,
        call_timeout_ms: u64::try_from(config.call_timeout.as_millis()).unwrap_or(u64::MAX),
        table_elements: config.table_elements,
        core_instances: config.core_instances,
        call_output_bytes: config.output_bytes,
        call_write_bytes: config.write_bytes,
        log_lines_per_second: config.log_lines_per_second,
    }
}
