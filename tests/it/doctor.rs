//! `wasmill doctor`: good components of every kind pass every check, and each planted fault fails the check that is for it.

use std::path::Path;

use serde_json::Value;

use crate::languages_python_js::{PYTHON, TYPESCRIPT};
use crate::support::languages::{C, GO};
use crate::support::programs::guest;
use crate::support::run::{Ended, Run};

/// The guest of the planted faults reads no record at all, so it cannot see that one is damaged.
const BLIND: (&str, &str) = ("failure", "last byte");

/// The checks, in their order.
const CHECKS: [&str; 10] = [
    "contract",
    "types",
    "run",
    "determinism",
    "recycling",
    "fresh",
    "restore",
    "keys",
    "failure",
    "cost",
];

fn examined(component: impl AsRef<Path>, parameters: &[(&str, &str)]) -> Ended {
    let mut run = Run::new("doctor", component).arg("--json");
    for (name, value) in parameters {
        run = run.param(name, value);
    }
    run.end()
}

/// The report of an examination that ended with this exit code.
fn report(ended: &Ended, code: i32) -> Value {
    assert_eq!(ended.code, Some(code), "{}", ended.told());
    serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {}", ended.told()))
}

/// What a check came to: its verdict and why.
fn verdict<'a>(report: &'a Value, name: &str) -> (&'a str, &'a str) {
    let checks = report["checks"].as_array().expect("checks");
    let check = checks.iter().find(|check| check["name"] == name);
    let check = check.unwrap_or_else(|| panic!("there is no check {name}: {report:#}"));
    let text = |key: &str| check[key].as_str().unwrap_or_default();
    (text("verdict"), text("why"))
}

/// Every check of a component is ok, but those that do not concern it.
fn passes(component: impl AsRef<Path>, parameters: &[(&str, &str)], skipped: &[&str]) {
    let report = report(&examined(&component, parameters), 0);
    for name in CHECKS {
        let expected = if skipped.contains(&name) {
            "skipped"
        } else {
            "ok"
        };
        let (found, why) = verdict(&report, name);
        assert_eq!(
            found,
            expected,
            "{}: {name}: {why}",
            component.as_ref().display()
        );
    }
}

/// A component breaks promises, each seen by its check; the others hold.
fn breaks(component: impl AsRef<Path>, parameters: &[(&str, &str)], broken: &[(&str, &str)]) {
    let report = report(&examined(&component, parameters), 1);
    for name in CHECKS {
        let (found, why) = verdict(&report, name);
        match broken.iter().find(|(check, _)| *check == name) {
            Some((_, words)) => {
                assert_eq!(found, "failed", "{parameters:?}: {name}: {why}");
                assert!(why.contains(words), "{parameters:?}: {name}: {why}");
            }
            None => assert_ne!(found, "failed", "{parameters:?}: {name}: {why}"),
        }
    }
}

#[test]
fn samples_in_rust_keep_every_rule() {
    passes(guest("sample_fraud_detection"), &[], &[]);
    passes(guest("sample_sessionization"), &[], &[]);
    passes(guest("word_count"), &[("path", "in")], &["failure"]);
}

#[test]
fn jobs_in_go_and_c_keep_every_rule() {
    for language in [GO, C] {
        passes(language.built(), &[("job", "J2")], &[]);
        passes(language.built(), &[("job", "J4")], &[]);
    }
}

#[test]
fn jobs_in_python_and_typescript_keep_every_rule() {
    for language in [PYTHON, TYPESCRIPT] {
        passes(language.built(), &[("job", "J2")], &[]);
        passes(language.built(), &[("job", "J4")], &[]);
    }
}

#[test]
fn a_component_with_open_ports_is_examined_too() {
    passes(guest("guest_parts"), &[("part", "counter")], &[]);
    passes(guest("sample_polyglot"), &[], &["keys"]);
}

#[test]
fn what_depends_on_the_attempt_is_not_deterministic() {
    let broken = [
        ("determinism", "instead of"),
        ("restore", "instead of"),
        BLIND,
    ];
    breaks(guest("guest_hostile"), &[("case", "attempt")], &broken);
    breaks(
        guest("guest_wasi"),
        &[("what", "draw")],
        &[
            ("determinism", "as another attempt"),
            ("restore", "instead of"),
        ],
    );
}

#[test]
fn state_in_a_variable_does_not_survive_a_fresh_instance() {
    breaks(
        guest("guest_hostile"),
        &[("case", "global")],
        &[
            ("recycling", "every third call"),
            ("fresh", "every call"),
            ("restore", "restored in the middle"),
            BLIND,
        ],
    );
}

#[test]
fn a_key_of_another_subtask_is_found() {
    let broken = [("keys", "with 4 subtasks"), BLIND];
    breaks(guest("guest_hostile"), &[("case", "foreign-key")], &broken);
    breaks(
        guest("guest_hostile"),
        &[("case", "timer-foreign-key")],
        &broken,
    );
}

#[test]
fn a_record_that_is_cut_off_must_be_refused() {
    breaks(guest("guest_hostile"), &[("case", "none")], &[BLIND]);
}

#[test]
fn what_breaks_the_contract_ends_the_examination() {
    breaks(
        guest("guest_hostile"),
        &[("case", "columns-width")],
        &[("run", "broke the contract")],
    );
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), b"\0asm nonsense").expect("written");
    let nonsense = report(&examined(file.path(), &[]), 1);
    assert_eq!(verdict(&nonsense, "contract").0, "failed");
    Run::new("doctor", "no-such-file.wasm")
        .end()
        .fails_naming(&["no-such-file.wasm", "read"]);
}

#[test]
fn samples_of_the_user_take_the_place_of_made_up_ones() {
    let folder = tempfile::tempdir().expect("a directory");
    let samples = folder.path().join("payments.jsonl");
    let payment =
        |id: u32| format!("{{\"id\":{id},\"account\":\"a\",\"at_ms\":{id},\"cents\":{id}}}\n");
    std::fs::write(&samples, (0..200).map(payment).collect::<String>()).expect("written");
    let run = || Run::new("doctor", guest("sample_fraud_detection")).arg("--sample");
    let ended = run().arg(&samples).end().success();
    assert!(ended.out.contains("200 records in"), "{}", ended.told());
    assert!(
        ended.out.contains("10 ok, 0 failed, 0 skipped"),
        "{}",
        ended.told()
    );
    let named = format!("nobody={}", samples.display());
    let ended = run().arg(named).end();
    assert!(
        ended
            .out
            .contains("there is no such source; sources: payments"),
        "{}",
        ended.told()
    );
    std::fs::write(&samples, "{\"id\":1}\n").expect("written");
    let ended = run().arg(&samples).end();
    assert_eq!(ended.code, Some(1), "{}", ended.told());
    assert!(
        ended.out.contains("0.account: the field is missing"),
        "{}",
        ended.told()
    );
}
