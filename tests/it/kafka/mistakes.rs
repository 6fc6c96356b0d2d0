//! What is wrong is said at once or within seconds: what it is about, and what to do.

use super::{Job, orders, run};
use crate::support::kafka::Broker;

/// A job with one source or sink.
fn job(source: &str, sink: &str) -> String {
    format!(
        "name: wrong\noperators:\n  - {{ uid: in, source: {{ {source} }} }}\n  - {{ uid: out, sink: {{ {sink} }}, input: in }}\n"
    )
}

const LINES: &str = "type: collection, schema: string, values: [a]";

#[test]
fn a_broker_that_cannot_be_reached_is_named() {
    let nobody = "bootstrap-servers: \"127.0.0.1:1\"";
    let source = job(
        &format!("type: kafka, topic: t, {nobody}"),
        "type: blackhole",
    );
    run(&source, 1).fails_naming(&["kafka", "127.0.0.1:1", "no broker", "10 s"]);
}

#[test]
fn topics_that_do_not_exist_are_named() {
    let at = format!("bootstrap-servers: \"{}\"", Broker::shared().address());
    let source = job(
        &format!("type: kafka, topic: nowhere, {at}"),
        "type: blackhole",
    );
    run(&source, 1).fails_naming(&["kafka", "nowhere", "no such topic"]);
    let sink = job(LINES, &format!("type: kafka, topic: nowhere, {at}"));
    run(&sink, 1).fails_naming(&["kafka", "nowhere", "no such topic"]);
}

#[test]
fn wrong_options_are_named() {
    let at = "bootstrap-servers: \"127.0.0.1:1\"";
    let source = |keys: &str| job(&format!("type: kafka, {keys}"), "type: blackhole");
    let sink = |keys: &str| job(LINES, &format!("type: kafka, topic: t, {at}, {keys}"));
    let cases = [
        (source("topic: t"), "properties.bootstrap.servers"),
        (source(&format!("topic: t, {at}, nonsense: 1")), "nonsense"),
        (
            source(&format!("topic: t, {at}, properties.nonsense: 1")),
            "properties.nonsense",
        ),
        (
            source(&format!(
                "topic: t, {at}, properties.enable.auto.commit: true"
            )),
            "enable.auto.commit",
        ),
        (
            source(&format!("topic: t, {at}, scan.startup.mode: yesterday")),
            "earliest-offset",
        ),
        (
            source(&format!("topic: t, {at}, scan.startup.mode: timestamp")),
            "timestamp-millis",
        ),
        (
            source(&format!("topic: t, {at}, scan.startup.mode: group-offsets")),
            "group.id",
        ),
        (
            source(&format!("topic: t, {at}, value.format: json")),
            "schema",
        ),
        (
            sink("sink.delivery-guarantee: exactly-once"),
            "sink.transactional-id-prefix",
        ),
        (sink("sink.delivery-guarantee: twice"), "at-least-once"),
        (sink("key.format: json"), "key.fields"),
    ];
    for (text, named) in cases {
        run(&text, 1).fails_naming(&["kafka", named]);
    }
}

#[test]
fn a_key_must_be_a_field() {
    let broker = Broker::shared();
    let (from, to) = (broker.topic("key-in", 1), broker.topic("key-out", 1));
    broker.write(&from, orders(0..1));
    let text = Job::new(broker, &from, &to).bounded().text();
    let text = text.replace("key.fields: [item]", "key.fields: [article]");
    run(&text, 1).fails_naming(&["kafka", "key.fields", "article"]);
}
