//! What is asked of the system reaches it, and nothing else of the thread changes.

use super::{attributes, set_slice};

/// Every test has a thread of its own, so no other one gets its slice.
#[test]
fn a_slice_is_set_and_nothing_else() {
    let before = attributes().unwrap();
    set_slice(700).unwrap();
    let after = attributes().unwrap();
    assert_eq!(after.sched_nice, before.sched_nice);
    assert_eq!(after.sched_policy, before.sched_policy);
    // Where the system tells slices at all, and the test is run as an ordinary process.
    if before.sched_runtime > 0 {
        assert_eq!(after.sched_runtime, 700_000);
    }
}
