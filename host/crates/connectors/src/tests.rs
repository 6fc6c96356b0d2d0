//! What a wrong `connector` object is answered with.
#![expect(
    clippy::needless_pass_by_value,
    reason = "calls with `json!` read better without a reference"
)]

use std::sync::Arc;

use dataflow::clock::ManualClock;
use serde_json::{Value, json};

use super::{sink, source};

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(0))
}

fn source_error(config: Value) -> String {
    match source(&config, clock()) {
        Ok(_) => panic!("{config} was accepted"),
        Err(error) => error.to_string(),
    }
}

fn sink_error(config: Value) -> String {
    match sink(&config, clock()) {
        Ok(_) => panic!("{config} was accepted"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn unknown_type_lists_the_types_there_are() {
    assert_eq!(
        source_error(json!({"type": "pulsar"})),
        "connector pulsar: there is no such source; use collection, generator, kafka, socket, text-files"
    );
    assert_eq!(
        sink_error(json!({"type": "pulsar"})),
        "connector pulsar: there is no such sink; use blackhole, checksum, collect, kafka, latency, print, socket, text-files"
    );
    assert!(source_error(json!({})).contains("`type` is missing"));
    assert!(sink_error(json!("print")).contains("must be an object"));
}

#[test]
fn unknown_key_lists_the_keys_there_are() {
    let text = source_error(json!({"type": "text-files", "path": "/", "splitbytes": 1}));
    assert!(text.contains("unknown field `splitbytes`"), "{text}");
    assert!(text.contains("`path`, `split_bytes`"), "{text}");
    for kind in super::SINKS {
        let text = sink_error(json!({"type": kind, "no such key": 1}));
        assert!(text.contains("no such key"), "{text}");
    }
    for kind in super::SOURCES {
        let text = source_error(json!({"type": kind, "no such key": 1}));
        assert!(text.contains("no such key"), "{text}");
    }
}

#[test]
fn missing_file_is_found_when_the_source_is_made() {
    let text = source_error(json!({"type": "text-files", "path": "/no/such/file"}));
    assert_eq!(
        text,
        "connector text-files: read /no/such/file: there is no such file or directory"
    );
    let text = source_error(json!({"type": "text-files", "path": "/no/such/*.txt"}));
    assert!(text.contains("no file matches"), "{text}");
}

#[test]
fn every_listed_type_exists() {
    for kind in super::SOURCES {
        let text = source_error(json!({"type": kind, "x": 1}));
        assert!(!text.contains("no such source"), "{text}");
    }
    for kind in super::SINKS {
        let text = sink_error(json!({"type": kind, "x": 1}));
        assert!(!text.contains("no such sink"), "{text}");
    }
}
