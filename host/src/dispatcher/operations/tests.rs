//! Operations end once, are read again, and are forgotten only when they have ended.

use std::time::Duration;

use dataflow::ids::JobId;
use dataflow::limits::OPERATIONS_MAX;
use serde_json::json;

use super::Operations;

const JOB: JobId = JobId([7; 16]);

fn outcome(operations: &Operations, id: &str) -> Option<super::Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let runtime = runtime.expect("a runtime");
    runtime
        .block_on(operations.outcome(JOB, id, Duration::from_millis(1)))
        .ok()
}

#[test]
fn an_outcome_can_be_read_again() {
    let operations = Operations::default();
    assert!(operations.begin(JOB, "a").expect("room"));
    assert_eq!(outcome(&operations, "a"), Some(None));
    operations.end(JOB, "a", Ok(json!(1)));
    for _ in 0..2 {
        assert_eq!(outcome(&operations, "a"), Some(Some(Ok(json!(1)))));
    }
    assert_eq!(outcome(&operations, "nope"), None);
}

#[test]
fn what_is_asked_for_twice_under_one_id_begins_once() {
    let operations = Operations::default();
    assert!(operations.begin(JOB, "a").expect("room"));
    assert!(!operations.begin(JOB, "a").expect("room"));
    operations.end(JOB, "a", Ok(json!(1)));
    assert!(!operations.begin(JOB, "a").expect("room"));
    assert_eq!(outcome(&operations, "a"), Some(Some(Ok(json!(1)))));
    let other = JobId([8; 16]);
    assert!(operations.begin(other, "a").expect("room"), "of its own");
    operations.end(other, "a", Err("no".to_owned()));
    assert_eq!(outcome(&operations, "a"), Some(Some(Ok(json!(1)))));
}

#[test]
fn whoever_waits_for_the_last_to_be_told_waits_no_longer() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let runtime = runtime.expect("a runtime");
    let operations = Operations::default();
    let all_told = || {
        let limit = Duration::from_millis(1);
        runtime.block_on(async { tokio::time::timeout(limit, operations.all_told()).await })
    };
    assert!(all_told().is_ok(), "there is none");
    assert!(operations.begin(JOB, "a").expect("room"));
    operations.end(JOB, "a", Ok(json!(1)));
    assert!(all_told().is_err(), "it has ended, but nobody knows");
    let asked = async {
        tokio::task::yield_now().await;
        operations.outcome(JOB, "a", Duration::ZERO).await.is_ok()
    };
    let both = async { tokio::join!(operations.all_told(), asked) };
    assert!(runtime.block_on(both).1);
}

#[test]
fn what_is_under_way_is_never_forgotten() {
    let operations = Operations::default();
    let id = |number: usize| number.to_string();
    for number in 0..OPERATIONS_MAX {
        assert!(operations.begin(JOB, &id(number)).expect("room"));
    }
    assert!(operations.begin(JOB, "more").is_err());
    operations.end(JOB, "3", Err("no".to_owned()));
    assert!(operations.begin(JOB, "more").expect("room for another"));
    assert_eq!(outcome(&operations, "3"), None);
    assert_eq!(outcome(&operations, "2"), Some(None));
}
