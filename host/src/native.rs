//! Jobs whose operators are native code: the same graph, sources, sinks, network, state and checkpoints as a job from a
//! component, with an operator factory of the calling program in place of the sandbox.
//!
//! This is how the cost of the sandbox is measured, and nothing else: native operators are trusted with the whole
//! process. There is no restore from a checkpoint here.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use dataflow::graph::logical::JobGraph;
use dataflow::port::operator::OperatorFactory;

use crate::scheduler::job::{Job, JobComponent};
use crate::{commands, config, job_graph, output, progress, telemetry};

/// What stands in a checkpoint's metadata where a job from a component has the component's digest.
const NO_COMPONENT: &str = "native";

/// A job and who makes its operators.
pub struct NativeJob {
    /// The graph. It is checked before anything runs.
    pub graph: JobGraph,
    /// Makes the logic of every task; called on the threads of the tasks.
    pub operators: Arc<dyn OperatorFactory>,
    /// Parameters, name and value; every [`FragmentSpec`](dataflow::port::operator::FragmentSpec) has them.
    pub parameters: Vec<(String, String)>,
    /// Configuration keys and values, as `wasmill -D` takes them; they go before files and environment.
    pub settings: Vec<(String, String)>,
}

/// The graph that a component plans for these parameters (name and value). The component runs in the sandbox, only for
/// this; nothing of it is left when the function returns. Blocks while the component is compiled, the first time.
///
/// # Errors
/// The configuration cannot be used, the file is no component that builds a job, or it refuses the parameters.
pub fn graph_of_component(component: &Path, parameters: &[(String, String)]) -> Result<JobGraph> {
    let config = config::load(None, &[])?;
    let sandbox = commands::sandbox_compiling_here(&config, &commands::system_clock())?;
    let plan = sandbox.load(component)?.plan(parameters)?;
    job_graph::of_plan(&plan).map_err(|reason| anyhow!(reason))
}

/// Runs a job to its end in this process, as `wasmill run --json` does, and prints the same summary: one JSON object on
/// standard output. Blocks until the job has ended. Called once in a process: it starts the log.
///
/// # Errors
/// The configuration cannot be used, the job is refused, or it fails.
pub fn run(job: NativeJob) -> Result<()> {
    let config = config::load(None, &job.settings)?;
    telemetry::start(&config.log_level, config.log_json)?;
    let clock = commands::system_clock();
    let name = job.graph.name.clone();
    let native = JobComponent {
        name: NO_COMPONENT.to_owned(),
        digest: NO_COMPONENT.to_owned(),
        file: None,
        first_operator: 0,
        operators: job.operators,
        parameters: job.parameters,
        planned: Vec::new(),
    };
    let job = Job::new(
        job.graph,
        config.parallelism,
        vec![native],
        Arc::default(),
        &clock,
    );
    let job = Arc::new(job.with_context(|| format!("job {name}"))?);
    let begins = Default::default();
    let (started, summary) = commands::run::run_job(&job, config, &clock, begins, None)?;
    progress::conclude(&started, &summary, &job, true);
    Ok(())
}

/// Ends a program of native operators: a failure becomes one line on standard error, after the program's name, and the
/// exit code that `wasmill` has for it.
pub fn conclude(program: &str, result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(&format!("{program}: {}", crate::one_line(&error)));
            ExitCode::from(commands::exit_code_of(&error))
        }
    }
}
