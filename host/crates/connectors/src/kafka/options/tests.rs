//! Options: what is meant when nothing is said, and what does not go together.

use serde_json::json;

use super::*;

fn with(mut keys: Value, topic: &str) -> Value {
    keys["bootstrap-servers"] = json!("a:1");
    keys["topic"] = json!(topic);
    keys
}

fn source(keys: Value) -> Result<SourceOptions, ConnectorError> {
    SourceOptions::try_new(with(keys, "b;a; b"))
}

fn sink(keys: Value) -> Result<SinkOptions, ConnectorError> {
    SinkOptions::try_new(with(keys, "t"))
}

#[test]
fn a_source_begins_at_the_group_if_there_is_one_and_else_at_the_first_record() {
    let plain = source(json!({})).expect("nothing is needed");
    assert_eq!(plain.start, Start::Earliest);
    assert_eq!(plain.topics, ["a", "b"]);
    assert!(!plain.commits && !plain.bounded);
    assert_eq!(plain.discovery, Some(DISCOVERY_INTERVAL));
    let group = source(json!({ "group-id": "g", "properties.auto.offset.reset": "none" }));
    let group = group.expect("a group");
    assert_eq!(group.start, Start::Group(Reset::Refuse));
    assert!(group.commits);
}

#[test]
fn intervals_are_texts_or_milliseconds_and_0_is_never() {
    let interval = |value: Value| {
        let keys = json!({ "scan.topic-partition-discovery.interval": value });
        source(keys).expect("an interval").discovery
    };
    assert_eq!(interval(json!(1500)), Some(Duration::from_millis(1500)));
    assert_eq!(interval(json!("2min")), Some(Duration::from_secs(120)));
    assert_eq!(interval(json!(0)), None);
    let bounded = json!({ "scan.bounded.mode": "latest-offset" });
    assert_eq!(source(bounded).expect("bounded").discovery, None);
}

#[test]
fn what_does_not_go_together_is_refused_by_name() {
    let of_source = [
        (
            json!({ "scan.startup.mode": "timestamp" }),
            "timestamp-millis",
        ),
        (
            json!({ "scan.startup.timestamp-millis": 1 }),
            "timestamp-millis",
        ),
        (json!({ "scan.startup.mode": "group-offsets" }), "group.id"),
        (
            json!({ "properties.auto.offset.reset": "never" }),
            "auto.offset.reset",
        ),
        (
            json!({ "scan.topic-partition-discovery.interval": "often" }),
            "discovery",
        ),
        (json!({ "value.format": "csv" }), "value.format"),
        (json!({ "ignore_errors": true }), "ignore_errors"),
        (json!({ "key.fields": ["k"] }), "key.fields"),
    ];
    for (keys, named) in of_source {
        let error = source(keys).err().expect("it is refused").to_string();
        assert!(error.contains(named), "{named}: {error}");
    }
    let of_sink = [
        (
            json!({ "sink.delivery-guarantee": "exactly-once" }),
            "prefix",
        ),
        (json!({ "key.format": "text" }), "key.fields"),
        (json!({ "sink.delivery-guarantee": "most" }), "exactly-once"),
    ];
    for (keys, named) in of_sink {
        let error = sink(keys).err().expect("it is refused").to_string();
        assert!(error.contains(named), "{named}: {error}");
    }
}

#[test]
fn a_sink_is_at_least_once_unless_it_says_otherwise() {
    let plain = sink(json!({})).expect("nothing is needed");
    assert_eq!(plain.guarantee, Guarantee::AtLeastOnce);
    for fields in [json!(["a", "b"]), json!("a;b")] {
        let keyed = sink(json!({ "key.fields": fields })).expect("two fields");
        assert_eq!(keyed.key_fields, ["a", "b"]);
        assert_eq!(keyed.key_format, KeyFormat::Json);
    }
}
