//! One job per transformation of the SDK, chosen by the parameter `case`, for the process tests.
//!
//! Inputs are text files of lines `key value ts`; output is text, one line per result, so that a test compares lines.
//! Where results depend on the order of records, sources have one subtask. Cases that begin with `bad-` are jobs that
//! must be refused; `bad-plan-` ones hand the host a plan that no SDK would make.

mod joins;
mod logic;
mod rolling;
mod routes;
mod wrong;

#[cfg(target_arch = "wasm32")]
mod component;

use wasmill_sdk::prelude::*;

/// A line of input.
#[derive(Record, Clone, Debug, PartialEq)]
pub struct Item {
    /// What it is grouped by.
    pub key: i64,
    /// A number to compute with.
    pub value: i64,
    /// Its event time (milliseconds).
    pub ts: i64,
}

impl Item {
    fn parse(line: &str) -> Option<Self> {
        let mut numbers = line.split(' ').map(str::parse);
        let mut next = || numbers.next()?.ok();
        Some(Self {
            key: next()?,
            value: next()?,
            ts: next()?,
        })
    }
}

/// The files of a job.
struct Files {
    inputs: [String; 3],
    out: String,
}

impl Files {
    fn ask(env: &mut Env) -> Result<Self, JobError> {
        let mut ask = |name: &str, what: &str| -> Result<String, JobError> {
            env.param(name).describe(what).default("nowhere")
        };
        Ok(Self {
            inputs: [
                ask("a", "the first input file")?,
                ask("b", "the second input file")?,
                ask("c", "the third input file")?,
            ],
            out: ask("out", "directory of the output")?,
        })
    }

    /// The items of an input, read by all subtasks.
    fn items(&self, env: &mut Env, input: usize) -> Stream<Item> {
        let lines = env.source::<String>(TextFiles::new(self.inputs[input].clone()));
        lines.flat_map(|line, out| {
            Item::parse(&line)
                .into_iter()
                .for_each(|item| out.emit(item))
        })
    }

    /// The items of an input in their order.
    fn in_order(&self, env: &mut Env, input: usize) -> Stream<Item> {
        let lines = env.source::<String>(TextFiles::new(self.inputs[input].clone()));
        lines
            .parallelism(1)
            .flat_map(|line, out| {
                Item::parse(&line)
                    .into_iter()
                    .for_each(|item| out.emit(item))
            })
            .parallelism(1)
    }

    /// The items of an input in their order, in event time.
    fn timed(&self, env: &mut Env, input: usize) -> Stream<Item> {
        let watermarks = Watermarks::bounded_ms(OUT_OF_ORDER_MS);
        self.in_order(env, input)
            .assign_timestamps(|item| item.ts, watermarks)
            .parallelism(1)
    }

    /// Writes lines.
    fn write(&self, lines: Stream<String>) {
        lines.sink(TextFiles::new(self.out.clone()));
    }
}

/// How far items are out of order, at most (milliseconds).
const OUT_OF_ORDER_MS: i64 = 50;

/// The job.
///
/// # Errors
/// There is no such case, or the case is one that is refused.
pub fn transform(env: &mut Env) -> Result<(), JobError> {
    let case: String = env
        .param("case")
        .describe("which transformation")
        .default("rolling")?;
    let files = Files::ask(env)?;
    match case.as_str() {
        "rolling" => rolling::rolling(env, &files),
        "union" => routes::union(env, &files),
        "split" => routes::split(env, &files),
        "project" => routes::project(env, &files),
        "connect" => routes::connect(env, &files),
        "sides" => routes::sides(env, &files),
        "rebalance" => routes::spread(env, &files, Stream::rebalance),
        "broadcast" => routes::spread(env, &files, Stream::broadcast),
        "multi" => joins::multi(env, &files),
        "interval" => joins::interval(env, &files)?,
        "join" => joins::regular(env, &files),
        "window-join" => joins::windowed(env, &files)?,
        "co-group" => joins::co_group(env, &files),
        bad if bad.starts_with("bad-") => wrong::job(env, &files, bad)?,
        other => return Err(Error::from(format!("there is no case {other}"))),
    }
    Ok(())
}
