//! A job that its parameter `spec` describes: sources with their records and watermark strategies, one window, and what
//! is made of it. For jobs that a test draws at random and computes on its own.

use wasmill_sdk::json::{Value, json};
use wasmill_sdk::prelude::*;

mod spec;
mod windows;

/// A record as the test spells it out.
#[derive(Record, Clone, Debug, PartialEq)]
struct Event {
    key: i64,
    ts: i64,
    value: i64,
    /// The watermark that it carries, if the strategy of its source is punctuated.
    mark: Option<i64>,
}

/// Some records of a key, added up.
#[derive(Record, Clone, Debug, PartialEq)]
struct Sums {
    key: i64,
    ts: i64,
    count: i64,
    sum: i64,
    least: i64,
    most: i64,
}

/// A result. `stage` is 0 for the window, 1 for a late record, 2 for the window of windows.
#[derive(Record, Clone, Debug, PartialEq)]
struct Out {
    stage: i64,
    key: i64,
    start: i64,
    end: i64,
    count: i64,
    sum: i64,
    least: i64,
    most: i64,
}

impl Sums {
    fn of(event: &Event) -> Self {
        let Event { key, ts, value, .. } = *event;
        Self {
            key,
            ts,
            count: 1,
            sum: value,
            least: value,
            most: value,
        }
    }

    fn and(&self, other: &Self) -> Self {
        Self {
            key: self.key,
            ts: self.ts.max(other.ts),
            count: self.count + other.count,
            sum: self.sum + other.sum,
            least: self.least.min(other.least),
            most: self.most.max(other.most),
        }
    }

    fn out(&self, stage: i64, window: Window) -> Out {
        Out {
            stage,
            key: self.key,
            start: window.start,
            end: window.end,
            count: self.count,
            sum: self.sum,
            least: self.least,
            most: self.most,
        }
    }
}

#[wasmill_sdk::job]
fn random(env: &mut Env) -> Result<(), JobError> {
    let text: String = env
        .param("spec")
        .describe("the job, as JSON")
        .default("{}")?;
    let spec: Value =
        wasmill_sdk::json::from_str(&text).map_err(|e| Error::from(format!("spec: {e}")))?;
    let cached = spec::number(&spec, "cached", 16_384);
    env.cached_keys_max(usize::try_from(cached).unwrap_or(0));
    let no_sources = vec![json!({})];
    let sources = spec["sources"].as_array().unwrap_or(&no_sources);
    let mut streams = sources.iter().map(|source| spec::source(env, source));
    let mut stream = streams
        .next()
        .ok_or_else(|| Error::from("no source".to_owned()))?;
    for other in streams {
        stream = stream.union(&other);
    }
    let results = windows::of(stream.map(|event| Sums::of(&event)), &spec);
    results.sink(Print::new());
    Ok(())
}
