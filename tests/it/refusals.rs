//! Bad graphs are refused before anything runs, and operators that break the contract while they run are stopped: one
//! line names the operator or edge and the reason.
//!
//! What Rust's types exclude (a cycle, an edge of two types, a timer without a key) is tried with plans that were
//! changed behind the SDK's back.

use crate::support::programs::guest;
use crate::support::run::Run;

/// A run of a bad job.
fn bad(case: &str) -> Run {
    Run::new("run", guest("guest_transform")).param("case", case)
}

/// The job is refused by `run` and by `plan`, in these words.
fn refused(case: &str, words: &[&str]) {
    for verb in ["run", "plan"] {
        let run = Run::new(verb, guest("guest_transform")).param("case", case);
        let ended = run.end();
        assert_eq!(ended.code, Some(2), "{}", ended.told());
        ended.fails_naming(words);
    }
}

#[test]
fn state_without_a_key_is_refused() {
    refused(
        "bad-state",
        &["operator \"forgetful\": state count needs a keyed stream"],
    );
}

#[test]
fn a_side_output_that_is_not_declared_is_refused() {
    refused(
        "bad-tag",
        &["operator \"items\": it has no side output wrong, it declares none"],
    );
}

#[test]
fn a_side_output_of_another_type_is_refused() {
    refused(
        "bad-tag-type",
        &[
            "operator \"counted\": its side output repeated gives",
            "is read as \"string\"",
        ],
    );
}

#[test]
fn a_uid_given_twice_is_refused() {
    refused(
        "bad-uid",
        &["operator \"items\": another operator has this uid"],
    );
    refused("bad-plan-uid", &["uid \"counted\""]);
}

#[test]
fn a_projection_on_a_missing_field_is_refused() {
    refused(
        "bad-project",
        &["operator \"slim\": item has no field price, it has key, value, ts"],
    );
}

#[test]
fn operators_that_can_never_say_anything_are_refused() {
    refused(
        "bad-interval",
        &["operator \"never\": its interval from 5 to 4 ms is empty"],
    );
    refused("bad-top-n", &["operator \"nobody\"", "at least 1"]);
}

#[test]
fn a_cycle_is_refused() {
    refused(
        "bad-plan-cycle",
        &["cycle", "\"items\", \"by-key\", \"counted\", \"texts\""],
    );
}

#[test]
fn an_edge_that_leads_nowhere_is_refused() {
    refused(
        "bad-plan-operator",
        &["edge \"items\" -> \"99\": there is no operator 99"],
    );
    refused(
        "bad-plan-output",
        &["edge \"items\".7 -> \"by-key\": there is no output 7 of \"items\""],
    );
    refused(
        "bad-plan-input",
        &["edge \"items\" -> \"by-key\".7: there is no input 7 of \"by-key\""],
    );
    refused(
        "bad-plan-unconnected",
        &["input 1 of operator \"counted\" has no edge"],
    );
}

#[test]
fn an_edge_of_two_types_is_refused() {
    refused(
        "bad-plan-type",
        &[
            "edge \"counted\" -> \"texts\"",
            "the input takes \"double\"",
        ],
    );
}

#[test]
fn an_edge_that_distributes_wrongly_is_refused() {
    refused(
        "bad-plan-keys",
        &["edge \"by-key\" -> \"counted\"", "use hash"],
    );
    refused(
        "bad-plan-unkeyed",
        &["edge \"counted\" -> \"texts\"", "put a key_by before it"],
    );
    refused(
        "bad-plan-partitioning",
        &["sideways", "edges[3].partitioning"],
    );
}

#[test]
fn states_and_outputs_that_make_no_sense_are_refused() {
    refused("bad-plan-state", &["operator \"texts\"", "key"]);
    refused(
        "bad-plan-state-twice",
        &["operator \"counted\"", "state seen"],
    );
    refused(
        "bad-plan-output-twice",
        &["operator \"counted\"", "output repeated"],
    );
}

#[test]
fn a_document_of_another_form_is_refused() {
    refused("bad-plan-field", &["colour", "operators[4]"]);
    refused("bad-plan-id", &["two operators have the number 3"]);
    refused(
        "bad-plan-parallelism",
        &["operator \"texts\"", "parallelism"],
    );
    refused("bad-plan-version", &["version"]);
}

/// A run over one line of input, which must fail while it runs.
fn stopped(case: &str, words: &[&str]) {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("a");
    std::fs::write(&file, "1 2 3\n").expect("the input");
    let out = directory.path().join("out");
    let run = bad(case)
        .param("a", file.display())
        .param("out", out.display());
    let ended = run.end();
    assert_eq!(ended.code, Some(1), "{}", ended.told());
    ended.fails_naming(words);
}

#[test]
fn a_timer_of_an_unkeyed_operator_stops_the_job() {
    stopped("bad-timer", &["breach", "timer", "keyed"]);
}

#[test]
fn output_at_a_port_that_does_not_exist_stops_the_job() {
    stopped("bad-port", &["breach", "output port 99"]);
}
