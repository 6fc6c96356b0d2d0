//! Jobs over sources, sinks and files of every kind, for the process tests: the parameter `case` chooses one.
//!
//! `numbers` and `events` have sources of this component, `segments` a sink, `lookup` reads a registered file, and
//! `connectors` joins any source of the host with any sink of the host. Nothing in here is an example of a good job.

mod events;
mod lookup;
mod numbers;
mod segments;

use wasmill_sdk::json::Value;
use wasmill_sdk::prelude::*;

use events::Events;
use lookup::Lookup;
use numbers::Numbers;
use segments::Segments;

/// What the lines of files are decoded to.
#[derive(Record, Clone, Debug, PartialEq)]
struct Order {
    id: i64,
    city: String,
    amount: f64,
    note: Option<String>,
}

fn refused(name: &str, reason: impl Into<String>) -> JobError {
    Error::Parameter {
        name: name.to_owned(),
        reason: reason.into(),
    }
}

/// A connector of the host from its JSON.
fn connector(name: &str, text: &str) -> Result<Connector, JobError> {
    let value: Value =
        wasmill_sdk::json::from_str(text).map_err(|error| refused(name, error.to_string()))?;
    let keys = value
        .as_object()
        .ok_or_else(|| refused(name, "is no object"))?;
    let kind = keys.get("type").and_then(Value::as_str).unwrap_or_default();
    let others = keys.iter().filter(|(key, _)| *key != "type");
    Ok(
        others.fold(Connector::new(kind), |connector, (key, value)| {
            connector.with(key, value.clone())
        }),
    )
}

#[wasmill_sdk::job]
fn connectors(env: &mut Env) -> Result<(), JobError> {
    let case: String = env.param("case").describe("which job").default("numbers")?;
    let n: i64 = env.param("n").describe("how many records").default(1000)?;
    let splits: i64 = env
        .param("splits")
        .describe("splits of the source; 0 for one a subtask")
        .default(0)?;
    let batch: i64 = env
        .param("batch")
        .describe("records of a poll")
        .default(1000)?;
    let wait_ms: i64 = env
        .param("wait-ms")
        .describe("pause after a poll")
        .default(0)?;
    let source: String = env
        .param("source")
        .describe("a source of the host")
        .default("{\"type\":\"collection\",\"schema\":\"string\",\"values\":[]}")?;
    let sink: String = env
        .param("sink")
        .describe("a sink of the host")
        .default("{\"type\":\"print\"}")?;
    let record: String = env
        .param("record")
        .describe("what the source gives: string or order")
        .default("string")?;
    let sink = connector("sink", &sink)?;
    let numbers = move |_: &mut OpenContext<'_>| Numbers {
        n,
        splits,
        batch,
        wait_ms: wait_ms as u32,
        subtask: 0,
    };
    if case == "connectors" {
        let source = connector("source", &source)?;
        if record == "order" {
            let stream = env.source::<Order>(source);
            stream.uid("source").sink(sink).uid("sink");
        } else {
            let stream = env.source::<String>(source);
            stream.uid("source").sink(sink).uid("sink");
        }
        return Ok(());
    }
    own(env, &case, numbers, move |_| Events { n, batch }, sink)
}

/// The jobs whose source is the component's own.
fn own(
    env: &mut Env,
    case: &str,
    numbers: impl Fn(&mut OpenContext<'_>) -> Numbers + 'static,
    events: impl Fn(&mut OpenContext<'_>) -> Events + 'static,
    sink: Connector,
) -> Result<(), JobError> {
    match case {
        "numbers" => {
            let stream = env.add_source(numbers).uid("numbers").name("numbers");
            stream.map(|number| number).uid("same").sink(sink);
        }
        "events" => {
            let stream = env.add_source(events).uid("events");
            stream.process(|_| events::WithTimestamp).sink(sink);
        }
        "segments" => {
            let stream = env.add_source(numbers).uid("numbers");
            stream
                .add_sink(|ctx| Segments { files: ctx.files() })
                .uid("segments");
        }
        "two-segments" => {
            let stream = env.add_source(numbers).uid("numbers");
            for uid in ["first", "second"] {
                let sink = |ctx: &mut OpenContext<'_>| Segments { files: ctx.files() };
                stream.clone().add_sink(sink).uid(uid);
            }
        }
        "lookup" | "own-lookup" => {
            if case == "own-lookup" {
                env.register_cached_file("no/such/cities.csv", "cities");
            }
            let stream = env.add_source(numbers).uid("numbers");
            stream
                .process(|ctx| Lookup::new(ctx.cached_file("cities")))
                .uid("lookup")
                .sink(sink);
        }
        "files-in-an-operator" => {
            let stream = env.add_source(numbers).uid("numbers");
            stream
                .process(|ctx| {
                    ctx.files();
                    events::Same
                })
                .uid("greedy")
                .sink(sink);
        }
        other => return Err(refused("case", format!("there is no case {other}"))),
    }
    Ok(())
}

#[cfg(test)]
mod tests;
