//! Kafka: a real broker, jobs that read from it and write to it, killed and started again.
//!
//! The job adds up orders by item and tells the total after every order, so that a record which is lost, comes twice or in
//! another order shows in the totals. What must be told follows from the orders alone.

mod away;
mod exactly_once;
mod mistakes;
mod reading;
mod writing;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::kafka::{Broker, Told};
use crate::support::kills::going_on;
use crate::support::run::{Ended, Run};

/// Items that are ordered.
const ITEMS: u64 = 7;

/// Orders as messages: key and value.
fn orders(range: std::ops::Range<u64>) -> impl Iterator<Item = (String, String)> {
    range.map(|n| {
        let item = format!("item-{}", n * n % ITEMS);
        let order = format!(r#"{{"item":"{item}","quantity":{}}}"#, n % 10 + 1);
        (item, order)
    })
}

/// What is told of an item, in order: how many orders, and of how much in all.
type Totals = BTreeMap<String, Vec<(i64, i64)>>;

/// The totals of so many orders.
fn expected(count: u64) -> Totals {
    let mut totals = Totals::new();
    for n in 0..count {
        let told = totals.entry(format!("item-{}", n * n % ITEMS)).or_default();
        let (orders, sum) = told.last().copied().unwrap_or_default();
        told.push((orders + 1, sum + (n % 10 + 1) as i64));
    }
    totals
}

/// The totals that a topic has; the key of each message is its item.
fn totals(messages: &[Told]) -> Totals {
    let mut totals = Totals::new();
    for Told { key, value } in messages {
        let json: Value = serde_json::from_str(value).unwrap_or_else(|e| panic!("{value}: {e}"));
        assert_eq!(json["item"], key.as_str(), "{value}");
        let number = |name: &str| json[name].as_i64().unwrap_or_else(|| panic!("{value}"));
        let told = totals.entry(key.clone()).or_default();
        told.push((number("orders"), number("total")));
    }
    totals
}

/// The totals of a topic must be these, in the order of each item.
fn must_have_told(broker: &Broker, topic: &str, count: u64, of_what: &str) {
    let told = totals(&broker.read(topic));
    let expected = expected(count);
    assert_eq!(
        told.keys().collect::<Vec<_>>(),
        expected.keys().collect::<Vec<_>>(),
        "{of_what}"
    );
    for (item, expected) in &expected {
        let told = &told[item];
        let wrong = told
            .iter()
            .zip(expected)
            .position(|(told, expected)| told != expected);
        let lengths = (told.len(), expected.len());
        assert_eq!((wrong, lengths.0), (None, lengths.1), "{item}: {of_what}");
    }
}

/// A job that reads orders from one topic and writes totals to another.
struct Job {
    /// Keys of the source beside those that all have, one a line.
    source: String,
    /// Keys of the sink beside those that all have.
    sink: String,
    from: String,
    to: String,
    address: String,
}

impl Job {
    fn new(broker: &Broker, from: &str, to: &str) -> Self {
        Self {
            source: String::new(),
            sink: "sink.delivery-guarantee: exactly-once, sink.transactional-id-prefix: "
                .to_owned()
                + to,
            from: from.to_owned(),
            to: to.to_owned(),
            address: broker.address(),
        }
    }

    /// Ends where the topic ends when it starts.
    fn bounded(self) -> Self {
        let source = self.source + ", scan.bounded.mode: latest-offset";
        Self { source, ..self }
    }

    fn sink(self, keys: &str) -> Self {
        let sink = keys.to_owned();
        Self { sink, ..self }
    }

    /// The job file.
    fn text(&self) -> String {
        let Self {
            source,
            sink,
            from,
            to,
            address,
        } = self;
        format!(
            r#"name: totals
operators:
  - uid: orders
    source: {{ type: kafka, topic: {from}, properties.bootstrap.servers: "{address}", value.format: json,
      scan.startup.mode: earliest-offset {source}, schema: {ORDER} }}
  - uid: totals
    component: standard
    parameters: {{ operator: aggregate, key: item, aggregates: "orders = count(), total = sum(quantity)" }}
    input: orders
  - uid: told
    sink: {{ type: kafka, topic: {to}, properties.bootstrap.servers: "{address}", value.format: json,
      key.fields: [item], {sink} }}
    input: totals
"#
        )
    }

    /// A start; the job file is below a directory.
    fn command(&self, data: &Path) -> Run {
        let file = write(data, &self.text());
        Run::new("run", file).arg("--json")
    }

    /// A start that goes on where the one before was, and keeps everything below a directory.
    fn run(&self, data: &Path) -> Run {
        going_on(self.command(data), "100ms", data)
    }
}

/// The schema of orders.
const ORDER: &str = "{ type: record, name: Order, fields: [{ name: item, type: string }, { name: quantity, type: long }] }";

/// Writes a job file.
fn write(data: &Path, text: &str) -> PathBuf {
    let file = data.join("job.yaml");
    std::fs::write(&file, text).expect("the job file can be written");
    file
}

/// Runs a job file to its end.
fn run(text: &str, subtasks: u32) -> Ended {
    let data = tempfile::tempdir().expect("a directory");
    let file = write(data.path(), text);
    Run::new("run", file).parallelism(subtasks).end()
}
