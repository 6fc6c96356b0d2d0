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
    let id = operations.begin(JOB).expect("an id");
    assert_eq!(outcome(&operations, &id), Some(None));
    operations.end(&id, Ok(json!(1)));
    for _ in 0..2 {
        assert_eq!(outcome(&operations, &id), Some(Some(Ok(json!(1)))));
    }
    assert_eq!(outcome(&operations, "nope"), None);
}

#[test]
fn what_is_under_way_is_never_forgotten() {
    let operations = Operations::default();
    let ids: Vec<String> = (0..OPERATIONS_MAX)
        .map(|_| operations.begin(JOB).expect("an id"))
        .collect();
    assert!(operations.begin(JOB).is_err());
    operations.end(&ids[3], Err("no".to_owned()));
    operations.begin(JOB).expect("room for another");
    assert_eq!(outcome(&operations, &ids[3]), None);
    assert_eq!(outcome(&operations, &ids[2]), Some(None));
}
