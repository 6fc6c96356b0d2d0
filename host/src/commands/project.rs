//! `wasmill new`, `build` and `dev`: a user's project, from its first file to the job that runs again after every change.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};

use super::signals;
use crate::cli::{BuildArgs, DevArgs, NewArgs};
use crate::output::{error, say, size};
use crate::project::watch::Development;
use crate::project::{self, COMPONENT, Sdk};

pub(super) fn new(args: &NewArgs) -> Result<ExitCode> {
    let sdk = Sdk::find(args.sdk.as_deref());
    let folder = args
        .dir
        .clone()
        .unwrap_or_else(|| PathBuf::from(&args.name));
    let files = project::create(args.lang, &args.name, &folder, &sdk)?;
    for file in files {
        say(&file.display().to_string());
    }
    let folder = folder.display();
    error(&format!(
        "a job in {}: cd {folder} && wasmill dev",
        args.lang.name()
    ));
    Ok(ExitCode::SUCCESS)
}

pub(super) fn build(args: &BuildArgs) -> Result<ExitCode> {
    let sdk = Sdk::find(args.sdk.as_deref());
    let out = args
        .output
        .clone()
        .unwrap_or_else(|| args.dir.join(COMPONENT));
    let out = std::path::absolute(&out).with_context(|| out.display().to_string())?;
    if let Some(parent) = out.parent() {
        std::fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
    }
    let language = project::build::build(&args.dir, &sdk, &out)?;
    let bytes = std::fs::metadata(&out).map_or(0, |metadata| metadata.len());
    let shown = args.output.clone().unwrap_or_else(|| shown(&args.dir));
    say(&shown.display().to_string());
    error(&format!("{} of {}", size(bytes), language.name()));
    Ok(ExitCode::SUCCESS)
}

/// The component of a folder, without a dot in front.
fn shown(folder: &Path) -> PathBuf {
    let component = folder.join(COMPONENT);
    component
        .strip_prefix(".")
        .map_or(component.clone(), Path::to_owned)
}

pub(super) fn dev(args: &DevArgs) -> Result<ExitCode> {
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("control")
        .enable_all()
        .build()
        .context("start the control thread")?;
    let development = Development {
        folder: args.dir.clone(),
        sdk: Sdk::find(args.sdk.as_deref()),
        arguments: args.arguments.clone(),
    };
    tokio.block_on(development.run(signals::first()))?;
    // A build under way ends with its tool, which got the same Ctrl-C.
    tokio.shutdown_background();
    Ok(ExitCode::SUCCESS)
}
