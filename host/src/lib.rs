//! The host: command line, configuration, job master, storage of checkpoints, and the wiring of the machines below.
//!
//! Two doors lead in: [`main`] is the binary `wasmill`, and [`native`] runs a job whose operators are code of the
//! calling program instead of a component's, on the very same path. Everything else is private: this library is no
//! interface to build other programs on.
#![forbid(unsafe_code)]

mod api;
mod cli;
mod client;
mod commands;
mod config;
mod dead_letters;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod decoders;
mod diagnosis;
mod dispatcher;
mod doctor;
mod job_file;
mod job_graph;
mod job_log;
pub mod native;
mod operator_figures;
mod output;
mod progress;
mod project;
mod reporter;
mod resources;
mod savepoint;
mod scheduler;
#[cfg(test)]
mod simulation;
mod sink_figures;
mod storage;
mod successor;
mod telemetry;

use std::process::ExitCode;

use clap::Parser;

// Batches are short-lived vectors that one thread makes and another drops. Stands here, so that every program that runs
// jobs has the same allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The program `wasmill`: parses the command line of the process, runs the verb, and gives the exit code. What the user
/// has to know about a failure is one line on standard error. Blocks until the verb is done; called once, by `main`.
pub fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match commands::run(cli) {
        Ok(code) => code,
        Err(error) => {
            output::error(&format!("wasmill: {}", one_line(&error)));
            ExitCode::from(commands::exit_code_of(&error))
        }
    }
}

/// The error and its causes on one line; a cause that the text before it already says is left out.
fn one_line(error: &anyhow::Error) -> String {
    let mut line = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !line.contains(&cause) {
            line.push_str(": ");
            line.push_str(&cause);
        }
    }
    // A guest's panic text has lines of its own.
    line.replace('\n', " ")
}
