//! What is told about state before it is used: kind, schema, version and lifetime in `inspect`, and jobs that use state
//! wrongly refused with the operator and the reason.

use crate::support::programs::guest;
use crate::support::run::Run;

#[test]
fn inspect_shows_kind_schema_version_and_lifetime() {
    let run = |verb: &str| Run::new(verb, guest("guest_state"));
    let shown = run("inspect").end().success();
    let line = "state elements (list-split) \"long\" version 1";
    assert!(shown.out.contains(line), "{}", shown.told());
    let plan = |case: &str| {
        run("plan")
            .param("case", case)
            .arg("--json")
            .end()
            .success()
            .out
    };
    for (case, needles) in [
        (
            "expiring",
            &["\"ttl\"", "\"reducing\"", "\"aggregating\"", "\"event\""][..],
        ),
        ("rules", &["\"broadcast\"", "\"list-split\""]),
    ] {
        let plan = plan(case);
        for needle in needles {
            assert!(plan.contains(needle), "{needle} is not in\n{plan}");
        }
    }
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
        "operator",
        "state last expires by event time",
        "assign timestamps",
    ]);
}
