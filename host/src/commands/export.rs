//! `wasmill export`: the job that a component plans, written down as a job file that runs to the same result.

use std::process::ExitCode;

use anyhow::{Result, anyhow};

use crate::cli::ExportArgs;
use crate::config::Config;
use crate::job_file::export;
use crate::output::say;

pub(super) fn export(args: &ExportArgs, config: &Config) -> Result<ExitCode> {
    let clock = super::system_clock();
    let sandbox = super::sandbox(config, &clock)?;
    let component = super::load(&sandbox, &args.job)?;
    let plan = component.plan(&args.parameters)?;
    let path = args.job.display().to_string();
    let digest = component.digest().to_string();
    let job = export::of_plan(&plan, &path, &digest, &args.parameters)
        .map_err(|reason| anyhow!("job {}: {reason}", plan.name))?;
    say(&serde_saphyr::to_string(&job)?);
    Ok(ExitCode::SUCCESS)
}
