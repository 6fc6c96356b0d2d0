//! `wasmill check`: whether what was saved fits a job, without running anything of it.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;

use super::state::open;
use super::submission::Submission;
use crate::cli::CheckArgs;
use crate::config::Config;
use crate::output;
use crate::savepoint::fit::{Fit, Verdict};

/// Exit code if it does not fit.
const UNFIT: u8 = 1;

pub(super) fn check(
    args: &CheckArgs,
    submission: &Submission,
    config: &Config,
) -> Result<ExitCode> {
    let (saved, _control) = open(Path::new(&args.saved), config)?;
    let clock = super::system_clock();
    let sandbox = super::sandbox(config, &clock)?;
    let job = submission.job(&args.job, config, &sandbox, &clock, false)?;
    let fit = saved.fit(&job.operators(), job.graph.max_parallelism)?;
    let reasons = fit.reasons(args.allow_non_restored_state);
    if args.job.json {
        output::say(&fit.document(&reasons).to_string());
    } else {
        tell(&fit, &reasons, args.allow_non_restored_state);
    }
    Ok(if reasons.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(UNFIT)
    })
}

fn tell(fit: &Fit, reasons: &[String], allow_non_restored: bool) {
    for it in &fit.states {
        let why = match &it.verdict {
            Verdict::Error(reason) => format!("  ({reason})"),
            _ => String::new(),
        };
        output::say(&format!(
            "{:<10}  {:<10}  {}/{}{why}",
            it.verdict.word(),
            it.kind,
            it.operator,
            it.state
        ));
    }
    for uid in &fit.gone {
        let word = if allow_non_restored {
            "dropped"
        } else {
            "error"
        };
        output::say(&format!(
            "{word:<10}  operator    {uid}  (the job does not have it)"
        ));
    }
    output::say(if reasons.is_empty() {
        "it fits"
    } else {
        "it does not fit"
    });
}
