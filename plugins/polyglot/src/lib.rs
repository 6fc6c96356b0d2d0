//! The last part of the polyglot sample: the best hour of a customer as a line, if it was worth telling.
//!
//! Four parts in other languages come before it; `job.yaml` puts them together. What it takes has the fields that the
//! part in Python gives, under a name of its own.

use wasmill_sdk::prelude::*;

/// Milliseconds of an hour.
const HOUR_MS: i64 = 3_600_000;

/// The hour in which a customer spent most.
#[derive(Record, Clone, Debug, PartialEq)]
struct Best {
    customer: String,
    hour_ms: i64,
    cents: i64,
}

#[wasmill_sdk::job]
fn report(env: &mut Env) -> Result<(), JobError> {
    let least: i64 = env
        .param("least")
        .describe("cents of an hour that is worth a line")
        .default(0)?;
    let lines = env
        .input::<Best>("best")
        .filter(move |best| best.cents >= least)
        .uid("worth")
        .map(|best| line(&best))
        .uid("lines");
    env.output("lines", lines);
    Ok(())
}

/// A line such as `anna 12.34 in hour 7`.
fn line(best: &Best) -> String {
    let (whole, rest) = (best.cents / 100, best.cents % 100);
    let hour = best.hour_ms / HOUR_MS;
    format!("{} {whole}.{rest:02} in hour {hour}", best.customer)
}

#[cfg(test)]
mod tests;
