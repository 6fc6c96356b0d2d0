//! Operators that misbehave: each case of the guest `hostile`, with the words that the error must have. They are submitted
//! to a cluster one after another, while a job of somebody else runs in the same process.

use super::neighbour::Neighbour;

const TIME: &[&str] = &["time per call (ms)", "300 allowed"];
const CONTRACT: &[&str] = &["it -> out", "broke the contract"];

/// Submits cases beside a neighbour; each must fail in time with its words.
fn all_fail(cases: &[(&str, &[&str])]) {
    let neighbour = Neighbour::start();
    for (case, words) in cases {
        let said = neighbour.end_of(case).to_lowercase();
        for word in *words {
            let word = word.to_lowercase();
            assert!(said.contains(&word), "{case}: `{word}` is not in {said}");
        }
    }
    neighbour.check_unharmed();
}

#[test]
fn a_good_operator_of_the_same_component_is_none_of_this() {
    let neighbour = Neighbour::start();
    assert_eq!(neighbour.end_of("none"), "null");
    neighbour.check_unharmed();
}

#[test]
fn plans_that_do_not_end_or_are_none_are_refused() {
    all_fail(&[
        ("plan-loop", TIME),
        ("plan-recursion", &["guest_hostile", "stack per call"]),
        ("plan-hog", &["guest_hostile", "memory (bytes)"]),
        ("plan-panic", &["guest_hostile", "trapped"]),
        ("plan-nothing", &["plan of", "EOF"]),
        ("plan-no-json", &["plan of", "EOF"]),
        ("plan-deep", &["plan of", "[0]"]),
        ("plan-huge", &["guest_hostile", "memory (bytes)"]),
        ("plan-version", &["version", "9 is not 1"]),
        ("plan-cycle", &["hostile plan-cycle", "no edge"]),
        ("plan-nowhere", &["hostile plan-nowhere", "operator 77"]),
        ("plan-twice", &["same uid", "keys"]),
        ("plan-deep-schema", &["plan of", "operators[0]"]),
        (
            "plan-parallelism",
            &["operators[2].parallelism", "4000000000"],
        ),
        ("plan-control-characters", &["plan of", "name"]),
    ]);
}

#[test]
fn operators_that_do_not_open_fail_their_job() {
    all_fail(&[
        ("open-loop", TIME),
        ("open-fails", &["not today"]),
        ("open-panics", &["no opening today"]),
    ]);
}

#[test]
fn columns_that_are_no_batch_are_named() {
    all_fail(&[
        ("columns-width", CONTRACT),
        ("columns-end-count", CONTRACT),
        ("columns-end-order", CONTRACT),
        ("columns-end-beyond", CONTRACT),
        ("columns-end-largest", CONTRACT),
        ("columns-end-short", CONTRACT),
        ("columns-keys", CONTRACT),
        ("columns-timestamps", CONTRACT),
        ("columns-empty-with-data", CONTRACT),
        ("columns-count", CONTRACT),
        ("columns-port", CONTRACT),
        ("columns-port-largest", CONTRACT),
        ("columns-value", &["checksum", "3 bytes, 8 are needed"]),
        ("columns-record", &["it -> out", "memory (bytes)"]),
    ]);
}

#[test]
fn what_has_no_end_comes_to_a_limit() {
    all_fail(&[
        ("endless-loop", TIME),
        ("endless-recursion", &["it -> out", "stack per call"]),
        ("endless-memory", &["it -> out", "memory (bytes)"]),
        (
            "endless-memory-at-once",
            &["it -> out", "capacity overflow"],
        ),
        ("endless-output", &["it -> out", "output per call (bytes)"]),
        ("endless-small-output", TIME),
        ("endless-writes", &["it -> out", "state written per call"]),
        ("endless-states", &["it -> out", "state written per call"]),
        ("endless-timers", &["it -> out", "state written per call"]),
        ("endless-log", TIME),
        ("endless-log-line", &["it -> out", "memory (bytes)"]),
        ("endless-panic-text", &["it -> out", "memory (bytes)"]),
        ("endless-metrics", &["it -> out", "metrics", "256 allowed"]),
        ("endless-gets", TIME),
    ]);
}

#[test]
fn misused_host_functions_are_named() {
    all_fail(&[
        ("consume-none", &["it -> out", "consumed 0 of"]),
        ("consume-more", &["it -> out", "at most all"]),
        ("consume-largest", &["it -> out", "consumed 4294967295 of"]),
        ("fails", &["it -> out", "not this one"]),
        ("fails-at", &["it -> out", "record 0", "a bad record"]),
        ("fails-beyond", &["it -> out", "a bad record"]),
        ("fails-at-length", &["it -> out", "memory (bytes)"]),
        ("foreign-key", &["it -> out", "key group"]),
        ("wrong-state", &["it -> out", "state 4711"]),
        ("long-key", &["it -> out", "1048576 bytes"]),
        ("append-to-value", &["it/count", "append"]),
        ("scan-largest", &["it/count", "scan"]),
        ("state-columns", &["it -> out", "column keys"]),
        ("state-count", &["it -> out", "4294967295"]),
        ("timer-columns", &["it -> out", "timestamps"]),
        ("timer-count", &["it -> out", "4294967295"]),
        ("timer-foreign-key", &["it -> out", "key group"]),
        ("operator-state", &["it -> out", "state 4711"]),
        ("observe", &["it -> out", "operator 9"]),
    ]);
}

#[test]
fn traps_of_all_calls_fail_the_job() {
    all_fail(&[
        ("panic", &["it -> out", "asked to"]),
        ("divide", &["it -> out", "divide by zero"]),
        ("unreachable", &["it -> out", "unreachable"]),
        ("timer-loop", TIME),
        ("timer-panic", &["it -> out", "no timers today"]),
        ("timer-none", &["it -> out", "consumed 0 of 1 timers"]),
        ("watermark-panic", &["no watermark today"]),
        ("finish-loop", TIME),
        ("finish-panic", &["no end today"]),
        ("finish-fails", &["not the end"]),
    ]);
}
