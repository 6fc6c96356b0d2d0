//! What is told about state before it is used: kind, schema, version and lifetime in `inspect`, and jobs that use state
//! wrongly refused with the operator and the reason.

use serde_json::json;

use crate::support::programs::guest;
use crate::support::run::Run;

#[test]
fn inspect_shows_kind_schema_version_and_lifetime() {
    let shown = Run::new("inspect", guest("guest_state")).end().success();
    for line in [
        "state value (value) \"long\" version 2, ttl 50 ms by event time",
        "state list (list) \"long\" version 1, ttl 50 ms by event time",
        "state map (map) \"long\" -> \"long\" version 1, ttl 50 ms by event time",
        "state sum (reducing) \"long\" version 1, ttl 50 ms by event time",
        "state count (aggregating) \"long\" version 1, ttl 50 ms by event time",
        "state rules (broadcast) \"long\" -> \"long\" version 1\n",
        "state seen (list-split) \"long\" version 1\n",
    ] {
        assert!(shown.out.contains(line), "no `{line}` in {}", shown.told());
    }
    let document = Run::new("inspect", guest("guest_state"))
        .arg("--json")
        .end()
        .success()
        .json();
    let states = &document["manifest"]["operators"][3]["states"];
    let ttl = json!({ "ms": 50, "clock": "event", "refresh_on_read": false });
    assert_eq!(states[0]["ttl"], ttl, "{document:#}");
    assert_eq!(states[0]["version"], 2, "{document:#}");
}

fn refused(case: &str, ttl: i64, words: &[&str]) {
    for verb in ["run", "plan"] {
        let run = Run::new(verb, guest("guest_state"));
        let ended = run.param("case", case).param("ttl", ttl).end();
        assert_eq!(ended.code, Some(2), "{}", ended.told());
        ended.fails_naming(words);
    }
}

#[test]
fn broadcast_state_without_a_broadcast_input_is_refused() {
    let words = [
        "operator \"bad\"",
        "state rules needs a broadcast input",
        "connect_broadcast",
    ];
    refused("bad-broadcast-state", 1, &words);
    let words = ["operator \"bad\"", "is not broadcast", "call broadcast()"];
    refused("bad-broadcast", 1, &words);
}

#[test]
fn a_lifetime_of_nothing_and_a_version_of_nothing_are_refused() {
    refused(
        "bad-ttl",
        0,
        &["operator \"bad\"", "state last is to live for 0 ms"],
    );
    refused(
        "bad-version",
        1,
        &["operator \"bad\"", "there is no state lost"],
    );
}

#[test]
fn state_that_expires_in_event_time_needs_event_time() {
    let run = Run::new("run", guest("guest_state")).param("case", "bad-ttl");
    let ended = run.param("n", 10).end();
    ended.fails_naming(&[
        "process",
        "state last expires by event time",
        "assign timestamps",
    ]);
}
