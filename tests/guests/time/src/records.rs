//! The records of the jobs, and where they come from.

use wasmill_sdk::prelude::*;

/// Something that happened.
#[derive(Record, Clone, Debug, PartialEq)]
pub(crate) struct Event {
    /// Whom it concerns.
    pub(crate) key: i64,
    /// When it happened (milliseconds).
    pub(crate) ts: i64,
    /// What the test wants to know about it.
    pub(crate) value: i64,
}

/// A record of the generator.
#[derive(Record, Clone, Debug, PartialEq)]
pub(crate) struct Bid {
    pub(crate) auction: i64,
    pub(crate) bidder: i64,
    pub(crate) price: i64,
    pub(crate) ts: i64,
}

/// The events that the parameter `name` spells out: `key,ts,value` separated by spaces.
pub(crate) fn events(env: &mut Env, name: &str) -> Result<Stream<Event>, JobError> {
    let text: String = env
        .param(name)
        .describe("events: key,ts,value ...")
        .default("")?;
    let mut values = Vec::new();
    for event in text.split_whitespace() {
        let fields: Result<Vec<i64>, _> = event.split(',').map(str::parse).collect();
        match fields.as_deref() {
            Ok([key, ts, value]) => {
                values.push(wasmill_sdk::json::json!({ "key": key, "ts": ts, "value": value }));
            }
            _ => return Err(Error::from(format!("`{event}` is no event"))),
        }
    }
    let source = Connector::new("collection")
        .with("schema", wasmill_sdk::row::schema_of::<Event>())
        .with("values", values);
    Ok(env.source(source))
}

/// Where results go: files below the parameter `out`, or standard output if it is empty.
pub(crate) fn write<T: Row>(env: &mut Env, stream: Stream<T>) -> Result<(), JobError> {
    let out: String = env
        .param("out")
        .describe("directory of the result")
        .default("")?;
    if out.is_empty() {
        stream.sink(Print::new());
    } else {
        let files = Connector::new("text-files")
            .with("path", out)
            .with("format", "json");
        stream.sink(files).uid("files");
    }
    Ok(())
}

/// A number that the test gives.
pub(crate) fn number(env: &mut Env, name: &str, default: i64) -> Result<i64, JobError> {
    env.param(name)
        .describe("a number of the case")
        .default(default)
}

/// Generated bids, `n` in all, `epm` in a millisecond of event time, at `rate` a second unless that is 0.
pub(crate) fn bids(env: &mut Env, n: i64, rate: i64) -> Result<Stream<Bid>, JobError> {
    let epm = number(env, "epm", 1)?;
    let keys = number(env, "keys", 10)?;
    let mut source = Generator::bids().count(n).keys(keys).per_ms(epm);
    if rate > 0 {
        source = source.rate(rate);
    }
    Ok(env.source(source))
}
