//! `wasmill doctor`: whether a component keeps the promises of the contract, before it runs as a job.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use dataflow::port::blob::BlobStore;
use object_store::memory::InMemory;

use super::submission::guest_limits;
use crate::cli::DoctorArgs;
use crate::config::Config;
use crate::doctor::{self, Report, Wishes};
use crate::output::say;
use crate::storage::blob_store::ObjectBlobStore;

/// Exit code of a component that breaks a promise.
const BROKEN: u8 = 1;

pub(super) fn doctor(args: &DoctorArgs, config: &Config) -> Result<ExitCode> {
    let clock = super::system_clock();
    let sandbox = super::sandbox(config, &clock)?;
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("storage")
        .build()
        .context("start the storage thread")?;
    let memory = Arc::new(InMemory::new());
    let store: Arc<dyn BlobStore> = Arc::new(ObjectBlobStore::new(
        memory,
        tokio.handle().clone(),
        "doctor".to_owned(),
        Arc::default(),
    ));
    let wishes = Wishes {
        parameters: &args.parameters,
        cached_files: &args.cached_files,
        samples: &args.samples,
        limits: guest_limits(&config.guest),
    };
    let report = match sandbox.load(&args.file) {
        Ok(component) => doctor::examine(component, &wishes, &store, &clock),
        // A file that is not there is no component that breaks a promise.
        Err(error @ wasm::WasmError::Read { .. }) => return Err(error.into()),
        Err(error) => Report::unloadable(args.file.display().to_string(), &error),
    };
    if args.json {
        say(&serde_json::to_string_pretty(&report)?);
    } else {
        say(&report.text());
    }
    Ok(if report.has_failed() {
        ExitCode::from(BROKEN)
    } else {
        ExitCode::SUCCESS
    })
}
