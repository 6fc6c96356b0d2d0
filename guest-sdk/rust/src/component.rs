//! The exported calls of a component, apart from the bindings: describe, plan and the one open task.
//!
//! What they return are the documents of `wit/MANIFEST.md`. The macro [`export_job!`](crate::export_job) connects them
//! with the bindings.

use serde_json::json;

use crate::env::{Env, JobFn};
use crate::error::Error;

/// The `manifest` document of a component named `name` with this job.
pub fn describe(name: &str, job: JobFn<'_>) -> String {
    let env = Env::describe(job);
    let document = json!({
        "version": 1,
        "name": name,
        "sdk": {
            "language": "rust",
            "name": env!("CARGO_PKG_NAME"),
            "version": env!("CARGO_PKG_VERSION"),
        },
        "parameters": env.parameters(),
        "operators": env.graph().borrow().operators(),
    });
    document.to_string()
}

/// The `plan` document of the job with these arguments.
///
/// # Errors
/// An argument is wrong, or the graph is.
pub fn plan(name: &str, job: JobFn<'_>, arguments: &[(String, String)]) -> Result<String, Error> {
    let env = Env::run(job, arguments)?;
    env.check_arguments()?;
    let document = env.graph().borrow().plan(name)?;
    Ok(document.to_string())
}

#[cfg(test)]
mod tests;
