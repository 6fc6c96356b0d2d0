//! Reading the description of a job.

use wasmill_sdk::json::{Value, json};
use wasmill_sdk::prelude::*;

use crate::Event;

/// A number of the description.
pub(crate) fn number(spec: &Value, name: &str, default: i64) -> i64 {
    spec[name].as_i64().unwrap_or(default)
}

/// A source with its event time.
pub(crate) fn source(env: &mut Env, source: &Value) -> Stream<Event> {
    let events = source["events"].as_array().map_or(&[][..], |events| events);
    let event = |event: &Value| json!({ "key": event[0], "ts": event[1], "value": event[2], "mark": event[3] });
    let values: Vec<Value> = events.iter().map(event).collect();
    let collection = Connector::new("collection")
        .with("schema", wasmill_sdk::row::schema_of::<Event>())
        .with("values", values);
    let mut watermarks = match source["strategy"].as_str() {
        Some("monotonic") => Watermarks::monotonic(),
        Some("punctuated") => Watermarks::punctuated(|event: &Event| event.mark),
        Some("none") => Watermarks::none(),
        Some(_) | None => Watermarks::bounded_ms(number(source, "bound", 0)),
    };
    if let Some(drift) = source["drift"].as_i64() {
        watermarks = watermarks.aligned("sources", drift);
    }
    env.source::<Event>(collection)
        .assign_timestamps(|event| event.ts, watermarks)
}
