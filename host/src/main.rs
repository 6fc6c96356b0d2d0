//! Wasmill's one binary: parse, resolve the configuration, start telemetry, run, exit code.
#![forbid(unsafe_code)]

mod cli;
mod commands;
mod config;
mod job_graph;
mod output;
mod progress;
mod scheduler;
mod storage;
mod telemetry;

use std::process::ExitCode;

use clap::Parser;

// Batches are short-lived vectors that one thread makes and another drops.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
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
