//! The command line: verbs named as Flink's, long flags for scripts.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::api::security::Role;

mod project;

pub(crate) use project::{BuildArgs, DevArgs, DoctorArgs, NewArgs};

/// Runs stateful stream jobs whose operators are WebAssembly components.
#[derive(Debug, Parser)]
#[command(
    name = "wasmill",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// A configuration file (TOML); see `wasmill config` for all keys
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Sets a configuration key, such as -D state.backend=rocksdb
    #[arg(short = 'D', global = true, value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) settings: Vec<(String, String)>,

    /// What to log to standard error: error, warn, info, debug, trace, or a filter
    #[arg(long, global = true, value_name = "LEVEL")]
    pub(crate) log: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs a job to its end, everything in this process
    Run(Box<RunArgs>),
    /// Runs many jobs in this process, submitted through the REST API or the console
    Cluster(ClusterArgs),
    /// Has a running cluster run a job, and prints its id; the same as `run --detached`
    Submit(Box<RunArgs>),
    /// Lists the jobs of a cluster
    List(ClientArgs),
    /// Shows a job of a cluster: its graph with live figures
    Info(JobRef),
    /// Cancels a job of a cluster
    Cancel(JobRef),
    /// Has a job of a cluster take a checkpoint now
    Checkpoint(JobRef),
    /// Has a job of a cluster take a savepoint, and prints where it is
    Savepoint(SavepointArgs),
    /// Ends a job of a cluster with a savepoint, and prints where it is
    Stop(StopArgs),
    /// Gives a running job of a cluster another parallelism
    Rescale(RescaleArgs),
    /// Swaps a component of a running job of a cluster for another version of it
    Swap(SwapArgs),
    /// Shows the newest log entries of a job of a cluster
    Logs(LogsArgs),
    /// Lists, uploads or deletes components of a cluster
    Components(ComponentsArgs),
    /// Shows slots and jobs of a cluster in a few numbers
    Overview(ClientArgs),
    /// Makes a token for the REST API, and its line for the tokens file
    Token(TokenArgs),
    /// Shows the graph of a job: operators, chains, edges
    Plan(PlanArgs),
    /// Tells whether saved state fits a job, state by state; exit code 1 if it does not
    Check(Box<CheckArgs>),
    /// Looks into the state of a checkpoint or savepoint
    State(StateArgs),
    /// Shows what is in a file: worlds, operators, schemas, states, imports, size, digest
    Inspect(InspectArgs),
    /// Writes a new project: a small job with its test and its data
    New(NewArgs),
    /// Builds the component of a project, in whatever language it is
    Build(BuildArgs),
    /// Builds a project and runs it, again after every change; Ctrl-C ends it
    Dev(DevArgs),
    /// Checks whether a component keeps the rules: determinism, state, restore, keys, failures, cost
    Doctor(DoctorArgs),
    /// Shows the records that a job could not process, with the errors
    DeadLetters(DeadLettersArgs),
    /// Compiles a component for this machine; what the other verbs start for it
    #[command(hide = true)]
    Compile,
    /// Writes the job that a component plans as a job file
    Export(ExportArgs),
    /// Prints the JSON Schema of a document that people write
    Schema(SchemaArgs),
    /// Prints the configuration file with all keys, their defaults and what they mean
    Config,
}

#[derive(Debug, Args)]
pub(crate) struct JobArgs {
    /// A component (or a core module with an embedded component type) that builds a job, or a job file (YAML)
    #[arg(value_name = "JOB.wasm|JOB.yaml", required_unless_present = "job_file")]
    pub(crate) job: Option<PathBuf>,

    /// A job file, whatever its name; - reads standard input
    #[arg(long, value_name = "FILE", conflicts_with = "job")]
    pub(crate) job_file: Option<PathBuf>,

    /// A parameter of the job
    #[arg(long = "param", value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) parameters: Vec<(String, String)>,

    /// Gives a source or sink of the component a directory: files=DIR, or files:UID=DIR for the operator of that uid
    #[arg(long = "grant", value_name = "files[:UID]=DIR", value_parser = key_value)]
    pub(crate) grants: Vec<(String, String)>,

    /// Registers a file, of which every process has a copy that operators read by this name
    #[arg(long = "cached-file", value_name = "NAME=PATH", value_parser = key_value)]
    pub(crate) cached_files: Vec<(String, String)>,

    /// Subtasks of operators that do not say otherwise; 0 means one per core
    #[arg(short = 'p', long, value_name = "N")]
    pub(crate) parallelism: Option<u32>,

    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) job: JobArgs,

    /// Time between checkpoints, such as 1s or 200ms; 0s takes none
    #[arg(long, value_name = "DURATION")]
    pub(crate) checkpoint_interval: Option<String>,

    /// Where state and checkpoints are kept: memory, filesystem or rocksdb; see `wasmill config`
    #[arg(long, value_name = "BACKEND")]
    pub(crate) state_backend: Option<String>,

    /// Prints the records of every sink as JSON lines when the job has finished, instead of writing them
    #[arg(long)]
    pub(crate) collect: bool,

    /// Where checkpoints are kept, one folder per job name
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,

    /// Has a running cluster run the job, prints its id and ends
    #[arg(short = 'd', long)]
    pub(crate) detached: bool,

    /// The cluster of --detached: 127.0.0.1:8081 or https://host:8081; otherwise rest.address and rest.port
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) address: Option<String>,

    /// Shows the job in the console and the REST API while it runs, at rest.address and rest.port or at this address
    #[arg(long, value_name = "ADDRESS:PORT", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) ui: Option<String>,

    /// Continues from what was saved: `latest`, the folder of a job's checkpoints, or a savepoint
    #[arg(long = "from", alias = "restore", value_name = "latest|PATH")]
    pub(crate) restore: Option<String>,

    /// Leaves out saved state of operators that the job does not have any more; without this they are an error
    #[arg(long, requires = "restore")]
    pub(crate) allow_non_restored_state: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// A savepoint, or the folder of a job's checkpoints
    #[arg(value_name = "SAVEPOINT|CHECKPOINTS")]
    pub(crate) saved: PathBuf,

    #[command(flatten)]
    pub(crate) job: JobArgs,

    /// Takes it as fitting though operators with state are gone
    #[arg(long)]
    pub(crate) allow_non_restored_state: bool,
}

#[derive(Debug, Args)]
pub(crate) struct StateArgs {
    #[command(subcommand)]
    pub(crate) verb: StateVerb,
}

/// What to do with saved state.
#[derive(Debug, Subcommand)]
pub(crate) enum StateVerb {
    /// Lists the states with their kinds, sizes and schemas
    List {
        /// A savepoint, the folder of a job's checkpoints, or the folder of one of them
        #[arg(value_name = "SAVEPOINT|CHECKPOINTS")]
        saved: PathBuf,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Prints what a state keeps for a key, one JSON object a line; exit code 1 if there is nothing
    Get {
        /// A savepoint, the folder of a job's checkpoints, or the folder of one of them
        #[arg(value_name = "SAVEPOINT|CHECKPOINTS")]
        saved: PathBuf,
        /// Uid of the operator
        operator: String,
        /// Name of the state
        state: String,
        /// The key as JSON; a text need not be quoted
        #[arg(allow_hyphen_values = true)]
        key: String,
    },
    /// Prints all entries, one JSON object a line
    Export {
        /// A savepoint, the folder of a job's checkpoints, or the folder of one of them
        #[arg(value_name = "SAVEPOINT|CHECKPOINTS")]
        saved: PathBuf,
        /// Only those of the operator with this uid
        operator: Option<String>,
        /// Only those of this state of it
        state: Option<String>,
    },
    /// Prints what was added, removed and changed between two, one JSON object a line, and counts at the end
    Diff {
        /// The older one
        old: PathBuf,
        /// The newer one
        new: PathBuf,
        /// Differences that are printed
        #[arg(long, default_value_t = 1000)]
        limit: u64,
    },
}

/// How a running cluster is asked.
#[derive(Debug, Args)]
pub(crate) struct ClientArgs {
    /// Where the cluster is, such as 127.0.0.1:8081 or https://host:8081; otherwise rest.address and rest.port
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) address: Option<String>,

    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct JobRef {
    /// The id of the job
    #[arg(value_name = "JOB")]
    pub(crate) job: dataflow::ids::JobId,

    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SavepointArgs {
    #[command(flatten)]
    pub(crate) job: JobRef,

    /// The directory in which it gets one of its own; state.savepoints.dir of the cluster if it is absent
    #[arg(value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct StopArgs {
    #[command(flatten)]
    pub(crate) job: JobRef,

    /// The directory in which the savepoint gets one of its own; state.savepoints.dir of the cluster if it is absent
    #[arg(long, value_name = "DIR")]
    pub(crate) savepoint: Option<PathBuf>,

    /// Ends the sources first, so that windows and timers fire and everything is written
    #[arg(long)]
    pub(crate) drain: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RescaleArgs {
    #[command(flatten)]
    pub(crate) job: JobRef,

    /// Subtasks of operators that do not say otherwise
    #[arg(short = 'p', long, value_name = "N")]
    pub(crate) parallelism: u32,
}

#[derive(Debug, Args)]
pub(crate) struct SwapArgs {
    #[command(flatten)]
    pub(crate) job: JobRef,

    /// Uid of an operator that runs in the component
    pub(crate) operator: String,

    /// The component that takes its place
    #[arg(value_name = "NEW.wasm")]
    pub(crate) component: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    #[command(flatten)]
    pub(crate) job: JobRef,

    /// As serious as this, or more: error, warn, info
    #[arg(long, value_name = "LEVEL")]
    pub(crate) level: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ComponentsArgs {
    #[command(subcommand)]
    pub(crate) action: Option<ComponentsAction>,

    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ComponentsAction {
    /// Uploads a component and prints its id
    Upload {
        /// The file
        file: PathBuf,
    },
    /// Deletes a component that no job uses
    Delete {
        /// Its id or name
        id: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    /// What it allows: to look, to run jobs too, or everything
    #[arg(value_enum)]
    pub(crate) role: Role,

    /// Whose it is
    pub(crate) name: String,
}

#[derive(Debug, Args)]
pub(crate) struct ClusterArgs {
    /// Where the REST API and the console listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<std::net::SocketAddr>,

    /// Where uploads, jobs and their checkpoints are kept
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,

    /// Accepts a public address without tokens and TLS
    #[arg(long)]
    pub(crate) insecure: bool,
}

impl ClusterArgs {
    /// The configuration the flags stand for.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        let mut settings = Vec::new();
        let mut set = |key: &str, value: String| settings.push((key.to_owned(), value));
        if let Some(listen) = self.listen {
            set("rest.address", listen.ip().to_string());
            set("rest.port", listen.port().to_string());
        }
        if let Some(dir) = &self.data_dir {
            set("data.dir", dir.display().to_string());
        }
        if self.insecure {
            set("security.insecure", "true".to_owned());
        }
        settings
    }
}

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) job: JobArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// A component (or a core module with an embedded component type) that builds a job
    #[arg(value_name = "JOB.wasm")]
    pub(crate) job: PathBuf,

    /// A parameter of the job
    #[arg(long = "param", value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) parameters: Vec<(String, String)>,
}

#[derive(Debug, Args)]
pub(crate) struct DeadLettersArgs {
    /// The name of a job of this machine, the folder of its checkpoints, or the id of a job of a cluster
    #[arg(value_name = "JOB|DIR|ID")]
    pub(crate) job: String,

    /// Replays only those of the chain in which the operator of this uid runs
    #[arg(value_name = "OPERATOR", requires = "replay")]
    pub(crate) operator: Option<String>,

    /// Has the running job process those that are there now once more, as if they arrived now, and waits until a checkpoint has
    /// what came of them
    #[arg(long, conflicts_with = "discard")]
    pub(crate) replay: bool,

    /// Where the cluster is whose job it is; an id is looked for where rest.address and rest.port say, otherwise
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) address: Option<String>,

    /// Where checkpoints are kept, one folder per job name
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,

    /// Shows at most so many
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) limit: usize,

    /// Discards all of them instead, and says how many there were
    #[arg(long)]
    pub(crate) discard: bool,

    /// Prints JSON, a letter a line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// Which document
    #[arg(value_enum)]
    pub(crate) document: Document,
}

/// A document that people write.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Document {
    /// A job as YAML
    JobFile,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// A component, a core module with an embedded component type, or a job file (YAML)
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("\"{text}\" is not KEY=VALUE")),
    }
}
