//! Every bad behaviour of a guest is an error that names it, and hurts nobody else.

mod support;

use dataflow::port::operator::{Operator, OperatorError};
use dataflow::port::state::StateError;
use support::{MAX_PARALLELISM, behaviors, keyed_call, open, records, runtime, spec, tight};
use wasm::GuestLimits;

/// Runs one behaviour beside a good neighbour and returns its error.
///
/// Checks what holds for every failure: nothing of the call is left, the instance refuses further calls, and the
/// neighbour, opened before, goes on.
fn fails(behavior: &str, limits: GuestLimits) -> OperatorError {
    let runtime = runtime();
    let component = behaviors(&runtime);
    let mut neighbour = open(&component, "echo", GuestLimits::default());
    let mut guest = open(&component, behavior, limits);
    let batch = records(["a", "b", "c", "d", "e"]);
    let error = guest.process(0, &batch).expect_err("the behaviour is bad");

    let call = guest.call();
    assert!(call.output.is_empty() && call.observed.is_empty());
    call.commit().expect("there is nothing to commit");
    let usage = call.backend().expect("a backend").usage();
    assert_eq!(usage.entries, 0, "state of a failed call is visible");
    let again = guest.process(0, &batch).expect_err("refused");
    assert!(
        again.to_string().contains("must not be called again"),
        "{again}"
    );

    assert_eq!(
        neighbour.process(0, &batch).expect("the neighbour lives"),
        5
    );
    let mut fresh = open(&component, "echo", GuestLimits::default());
    assert_eq!(fresh.process(0, &batch).expect("a new instance works"), 5);
    error
}

fn limit(behavior: &str) -> (&'static str, u64, u64) {
    match fails(behavior, tight()) {
        OperatorError::Limit {
            limit,
            used,
            allowed,
            ..
        } => (limit, used, allowed),
        other => panic!("{behavior}: {other}"),
    }
}

#[test]
fn a_panic_is_told_with_its_text_and_the_guests_frames() {
    let error = fails("wicked-panic", tight());
    assert!(matches!(error, OperatorError::Trapped { .. }));
    let text = error.to_string();
    assert!(
        text.contains("cannot read [0, 0, 0, 0, 0, 0, 0, 0]"),
        "{text}"
    );
    assert!(text.contains("wicked.rs"), "{text}");
    assert!(text.contains("in behaviors::"), "{text}");
}

#[test]
fn an_endless_loop_is_stopped_at_its_time_limit() {
    assert_eq!(limit("wicked-loop"), ("time per call (ms)", 100, 100));
}

#[test]
fn endless_recursion_is_stopped_at_the_stack_limit() {
    assert_eq!(limit("wicked-recursion").0, "stack per call (bytes)");
}

#[test]
fn a_guest_that_takes_all_memory_is_stopped_at_its_limit() {
    let limits = GuestLimits {
        call_timeout_ms: 10_000,
        ..tight()
    };
    match fails("wicked-hog", limits) {
        OperatorError::Limit {
            limit,
            used,
            allowed,
            ..
        } => {
            assert_eq!((limit, allowed), ("memory (bytes)", 32 << 20));
            assert!(used > allowed);
        }
        other => panic!("{other}"),
    }
}

#[test]
fn a_guest_that_wants_more_memory_than_its_limit_does_not_start() {
    let runtime = runtime();
    let limits = GuestLimits {
        memory_bytes: 64 << 10,
        ..tight()
    };
    let factory = behaviors(&runtime).operators(limits);
    let error = factory.open(&spec("echo"), keyed_call(1)).err();
    let error = error.expect("the guest has more static memory");
    assert!(
        matches!(
            error,
            OperatorError::Limit {
                limit: "memory (bytes)",
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn output_beyond_the_limit_of_a_call_is_refused() {
    let limits = GuestLimits {
        call_timeout_ms: 60_000,
        ..tight()
    };
    let error = fails("wicked-output", limits);
    assert!(
        matches!(
            error,
            OperatorError::Limit {
                limit: "output per call (bytes)",
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn writes_beyond_the_limit_of_a_call_are_refused() {
    let limits = GuestLimits {
        call_timeout_ms: 60_000,
        ..tight()
    };
    let error = fails("wicked-writes", limits);
    assert!(
        matches!(
            error,
            OperatorError::Limit {
                limit: "state written per call (bytes)",
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn traps_of_the_machine_are_told_by_name() {
    for (behavior, text) in [
        ("wicked-out-of-bounds", "out of bounds memory access"),
        ("wicked-divide", "divide by zero"),
    ] {
        let error = fails(behavior, tight());
        assert!(matches!(error, OperatorError::Trapped { .. }), "{error}");
        assert!(error.to_string().contains(text), "{error}");
    }
}

#[test]
fn malformed_columns_are_refused_by_the_rule_they_break() {
    for (kind, text) in [
        ("width", "column values: 7 bytes cannot be 3 entries"),
        ("end-count", "column values: 2 ends for 3 records"),
        ("end-order", "end 1 of record 1 is out of order"),
        ("end-beyond", "end 9 of record 2"),
        ("end-short", "end 2 of record 2"),
        ("keys", "column keys: 2 bytes"),
        ("timestamps", "2 timestamps for 3 records"),
        ("empty-with-data", "column values: 3 ends for 0 records"),
        ("count", "4294967295 records in one batch"),
        ("port", "output port 7 of a task that has 1"),
        ("observation", "operator 9, which is not in this chain"),
    ] {
        let error = fails(&format!("malformed-{kind}"), tight());
        assert!(
            matches!(error, OperatorError::Malformed { .. }),
            "{kind}: {error}"
        );
        assert!(error.to_string().contains(text), "{kind}: {error}");
    }
}

#[test]
fn malformed_columns_of_state_are_refused() {
    for kind in ["state", "state-count"] {
        let error = fails(&format!("malformed-{kind}"), tight());
        assert!(
            matches!(
                error,
                OperatorError::State {
                    source: StateError::Malformed(_),
                    ..
                }
            ),
            "{kind}: {error}"
        );
    }
}

#[test]
fn a_state_that_was_not_declared_is_refused() {
    let error = fails("wicked-wrong-state", tight());
    assert!(
        matches!(
            error,
            OperatorError::State {
                source: StateError::UnknownState(_),
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_key_of_another_subtask_is_refused() {
    let runtime = runtime();
    let factory = behaviors(&runtime).guests(tight());
    let spec = spec("wicked-foreign-key");
    let opened = factory.open_guest(&spec, keyed_call(MAX_PARALLELISM / 2));
    let mut guest = opened.expect("the guest opens");
    let error = guest.process(0, &records(["a"])).expect_err("refused");
    assert!(
        matches!(
            error,
            OperatorError::State {
                source: StateError::ForeignKey { .. },
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_failure_names_the_record_and_takes_no_effect() {
    let error = fails("fail-at-3", tight());
    assert!(
        matches!(&error, OperatorError::Failed { record: Some(3), message, .. } if message == "not a number"),
        "{error}"
    );
}

#[test]
fn consuming_nothing_or_too_much_is_an_error() {
    for (behavior, text) in [
        ("wicked-consume-none", "consumed 0 of 5 records"),
        ("wicked-consume-more", "consumed 6 of 5 records"),
    ] {
        let error = fails(behavior, tight());
        assert!(error.to_string().contains(text), "{error}");
    }
}

#[test]
fn a_guest_that_refuses_to_open_says_why() {
    let runtime = runtime();
    let factory = behaviors(&runtime).operators(tight());
    let error = factory.open(&spec("open-fails"), keyed_call(1)).err();
    assert_eq!(
        error.expect("refused").to_string(),
        "chain failed: not today"
    );
}
