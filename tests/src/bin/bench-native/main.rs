//! The benchmark jobs with native operators: what the sandbox costs is the difference to `wasmill run`.
//!
//! The graph is the one that the `bench` component plans, and everything but the operators is the host's own: sources,
//! channels, state, checkpoints, sinks, and the summary on standard output. The operators here are what one writes by
//! hand for the operator port: batches in, columns out. They take no way that the runtime does not offer every operator;
//! they are no way to run jobs, since native code is trusted with the process.

mod arguments;
mod bids;
mod counts;
mod events;
mod factory;
mod hot_auction;
mod join;
mod keys;
mod logic;
mod panic_once;
mod row;
mod running_count;
mod window_count;
mod words;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use anyhow::Result;
use dataflow::port::operator::OperatorFactory;
use wasmill::native::{self, NativeJob};

use crate::arguments::Arguments;
use crate::factory::NativeOperators;
use crate::panic_once::PanicOnce;

fn main() -> ExitCode {
    native::conclude("wasmill-bench-native", run())
}

fn run() -> Result<()> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    let parameters = arguments.parameters();
    let graph = native::graph_of_component(&arguments.component()?, &parameters)?;
    let operators = NativeOperators::new(arguments.job(), &graph);
    let operators: Arc<dyn OperatorFactory> = match arguments.panic_after()? {
        None => Arc::new(operators),
        Some(records) => Arc::new(PanicOnce {
            factory: operators,
            left: Arc::new(AtomicI64::new(records)),
        }),
    };
    native::run(NativeJob {
        graph,
        operators,
        parameters,
        settings: arguments.settings(),
    })
}
