//! The source: every record once, at any parallelism, from where it is told to begin.

use serde_json::Value;

use super::{ORDER, orders, run};
use crate::support::kafka::Broker;
use crate::support::run::Ended;

/// A job that reads a topic to its end and gives its caller what it read.
fn collecting(broker: &Broker, topic: &str, keys: &str) -> String {
    let address = broker.address();
    format!(
        r#"name: reading
operators:
  - uid: in
    source: {{ type: kafka, topic: {topic}, bootstrap-servers: "{address}", scan.bounded.mode: latest-offset, {keys} }}
  - {{ uid: out, sink: {{ type: collect }}, input: in }}
"#
    )
}

fn lines(ended: &Ended) -> Vec<String> {
    let mut lines: Vec<String> = ended.out.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn every_record_of_several_partitions_is_read_once_at_any_parallelism() {
    let broker = Broker::shared();
    let topic = broker.topic("reading-all", 4);
    broker.write(&topic, orders(0..5_000));
    let mut expected: Vec<Value> = orders(0..5_000)
        .map(|(_, order)| serde_json::from_str(&order).expect("JSON"))
        .collect();
    expected.sort_by_key(Value::to_string);
    for subtasks in [1, 3] {
        let keys = format!("value.format: json, schema: {ORDER}");
        let ended = run(&collecting(broker, &topic, &keys), subtasks).success();
        let mut told: Vec<Value> = ended
            .out
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        told.sort_by_key(Value::to_string);
        assert_eq!(told.len(), expected.len(), "{}", ended.err);
        assert!(told == expected, "at {subtasks}: {}", ended.err);
    }
}

#[test]
fn reading_begins_where_it_is_told_to() {
    let broker = Broker::shared();
    let topic = broker.topic("reading-from", 1);
    let text = |n: u64| (String::new(), format!("line {n}"));
    broker.write(&topic, (0..3).map(text));
    let latest = run(
        &collecting(broker, &topic, "scan.startup.mode: latest-offset"),
        1,
    )
    .success();
    assert_eq!(lines(&latest), Vec::<String>::new());
    let since = "scan.startup.mode: timestamp, scan.startup.timestamp-millis: 1000";
    let since = run(&collecting(broker, &topic, since), 1).success();
    assert_eq!(lines(&since), ["\"line 0\"", "\"line 1\"", "\"line 2\""]);
    // A group goes on where it was: what is committed with the last checkpoint is seen by the next job.
    let group = "scan.startup.mode: group-offsets, group-id: readers";
    let first = run(&collecting(broker, &topic, group), 1).success();
    assert_eq!(lines(&first).len(), 3);
    broker.write(&topic, (3..5).map(text));
    let committed = broker.committed("readers", &topic, 1);
    let second = run(&collecting(broker, &topic, group), 1).success();
    assert_eq!(lines(&second).len() as i64, 5 - committed, "{committed}");
}

#[test]
fn keys_become_fields_and_what_is_no_record_is_left_out_if_wanted() {
    let broker = Broker::shared();
    let topic = broker.topic("reading-keys", 2);
    let messages = [
        ("a", r#"{"count":1,"more":true}"#),
        ("b", "no JSON"),
        ("a", r#"{"count":2}"#),
    ];
    broker.write(&topic, messages.map(|(k, v)| (k.to_owned(), v.to_owned())));
    let schema = "{ type: record, name: R, fields: [{ name: k, type: string }, { name: count, type: long }] }";
    let keys = format!("value.format: json, schema: {schema}, key.fields: [k]");
    let refused = run(&collecting(broker, &topic, &keys), 1);
    refused.fails_naming(&["kafka", &topic, "partition", "offset"]);
    let keys = format!("{keys}, ignore_errors: true");
    let left = run(&collecting(broker, &topic, &keys), 2).success();
    assert_eq!(
        lines(&left),
        [r#"{"k":"a","count":1}"#, r#"{"k":"a","count":2}"#]
    );
    assert!(left.err.contains("left out"), "{}", left.told());
}
