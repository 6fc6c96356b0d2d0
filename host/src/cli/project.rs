//! The command line of those who write jobs: a project, its component, and whether that keeps the rules.

use std::path::PathBuf;

use clap::Args;

use super::key_value;
use crate::project::Language;

#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// Its name: lower-case letters, digits and -
    #[arg(value_name = "NAME")]
    pub(crate) name: String,

    /// The language of the job
    #[arg(long, value_enum, default_value = "rust")]
    pub(crate) lang: Language,

    /// The folder to write it to; otherwise one of its name
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,

    /// The folder guest-sdk of Wasmill's sources; otherwise it is looked for beside this program
    #[arg(long, value_name = "PATH")]
    pub(crate) sdk: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct BuildArgs {
    /// The folder of the project
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) dir: PathBuf,

    /// Where to write the component; otherwise job.wasm in the folder
    #[arg(short = 'o', long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// The folder guest-sdk of Wasmill's sources; otherwise it is looked for beside this program
    #[arg(long, value_name = "PATH")]
    pub(crate) sdk: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct DevArgs {
    /// The folder of the project
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) dir: PathBuf,

    /// The folder guest-sdk of Wasmill's sources; otherwise it is looked for beside this program
    #[arg(long, value_name = "PATH")]
    pub(crate) sdk: Option<PathBuf>,

    /// Arguments of `wasmill run`, such as --param rate=10
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "ARGUMENTS"
    )]
    pub(crate) arguments: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// A component, or a core module with an embedded component type
    #[arg(value_name = "FILE.wasm")]
    pub(crate) file: PathBuf,

    /// Records for a source, a JSON value a line; otherwise they are made up from its schema. The uid says which source
    #[arg(long = "sample", value_name = "[UID=]FILE", value_parser = uid_and_path)]
    pub(crate) samples: Vec<(Option<String>, PathBuf)>,

    /// A parameter of the job
    #[arg(long = "param", value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) parameters: Vec<(String, String)>,

    /// Registers a file that operators read by this name
    #[arg(long = "cached-file", value_name = "NAME=PATH", value_parser = key_value)]
    pub(crate) cached_files: Vec<(String, String)>,

    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[expect(clippy::unnecessary_wraps, reason = "the form that clap calls")]
fn uid_and_path(text: &str) -> Result<(Option<String>, PathBuf), String> {
    Ok(match text.split_once('=') {
        Some((uid, path)) => (Some(uid.to_owned()), PathBuf::from(path)),
        None => (None, PathBuf::from(text)),
    })
}
