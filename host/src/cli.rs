//! The command line: verbs named as Flink's, long flags for scripts.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

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
    /// Shows the graph of a job: operators, chains, edges
    Plan(PlanArgs),
    /// Tells whether saved state fits a job, state by state; exit code 1 if it does not
    Check(Box<CheckArgs>),
    /// Looks into the state of a checkpoint or savepoint
    State(StateArgs),
    /// Shows what is in a file: worlds, operators, schemas, states, imports, size, digest
    Inspect(InspectArgs),
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
    /// The name of the job, or the folder of its checkpoints
    #[arg(value_name = "JOB|DIR")]
    pub(crate) job: String,

    /// Where checkpoints are kept, one folder per job name
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,

    /// Shows at most so many
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) limit: usize,

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
