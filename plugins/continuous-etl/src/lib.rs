//! Continuous ETL: exports that appear in a directory become clean orders, in files by day.
//!
//! Lines are CSV or JSON. Each is checked and projected; orders that were exported more than once are kept once; what
//! cannot be used goes to an output of its own, with the reason.

mod day;
mod order;

use wasmill_sdk::connector::SinkSpec;
use wasmill_sdk::prelude::*;

use crate::order::Order;

/// How long an order that comes again is recognised.
const REPEATED_WITHIN_MS: i64 = 30 * 86_400_000;
/// How far exports may be behind each other.
const OUT_OF_ORDER_MS: i64 = 7 * 86_400_000;

/// A line that is no order, and why.
#[derive(Record, Clone, Debug, PartialEq)]
struct Rejected {
    line: String,
    reason: String,
}

#[wasmill_sdk::job]
fn continuous_etl(env: &mut Env) -> Result<(), JobError> {
    let path: String = env
        .param("path")
        .describe("directory of exports, CSV or JSON lines")
        .default("plugins/continuous-etl/data/orders")?;
    let out: String = env
        .param("out")
        .describe("directory to write to, else print")
        .default("")?;
    let rate: i64 = env
        .param("rate")
        .describe("lines to read a second, 0 for as many as possible")
        .default(0)?;
    let watch_ms: i64 = env
        .param("watch")
        .describe("milliseconds between two looks for new exports, 0 to end with those there are")
        .default(0)?;
    let exports = TextFiles::new(path).rate(rate);
    let exports = match watch_ms {
        0 => exports,
        _ => exports.watch_continuously(watch_ms),
    };
    let checked = env
        .source::<String>(exports)
        .uid("exports")
        .process(|ctx| Check {
            rejected: ctx.side_output(&rejected()),
        })
        .uid("check")
        .name("check");
    checked
        .side_output(&rejected())
        .sink(rejected_sink(&out))
        .uid("rejected");
    checked
        .assign_timestamps(|order| order.at_ms, Watermarks::bounded_ms(OUT_OF_ORDER_MS))
        .key_by(|order| order.id)
        .dedup_within_ms(REPEATED_WITHIN_MS)
        .uid("once")
        .name("once")
        .sink(orders_sink(&out))
        .uid("orders");
    Ok(())
}

/// The side output of lines that cannot be used.
fn rejected() -> OutputTag<Rejected> {
    OutputTag::new("rejected")
}

/// Files of a directory per day, or the terminal.
fn orders_sink(out: &str) -> SinkSpec {
    match out {
        "" => Print::new().into(),
        out => TextFiles::new(format!("{out}/orders"))
            .partition_by("day")
            .into(),
    }
}

/// Files, or the terminal.
fn rejected_sink(out: &str) -> SinkSpec {
    match out {
        "" => Print::new().into(),
        out => TextFiles::new(format!("{out}/rejected")).into(),
    }
}

/// Turns lines into orders.
struct Check {
    rejected: SideOutput<Rejected>,
}

impl Process for Check {
    type In = String;
    type Out = Order;

    fn process(
        &mut self,
        line: String,
        _ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, Order>,
    ) -> Outcome {
        match Order::parse(&line) {
            Ok(Some(order)) => out.emit(order),
            Ok(None) => {}
            Err(reason) => self.rejected.emit(Rejected { line, reason }),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
