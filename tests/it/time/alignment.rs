//! Sources that do not run away from each other.

use super::{case, long, printed};

/// Records of the fast source and of the slow one, one a millisecond of event time; the fast one goes on alone at the end.
const FAST: i64 = 200_000;
const SLOW: i64 = 30_000;

/// How far the fast source was ahead of the slow one, in milliseconds of event time.
fn drift(max_drift_ms: i64, parallelism: u32) -> i64 {
    let data = tempfile::tempdir().expect("a directory");
    let run = case("alignment")
        .param("drift", max_drift_ms)
        .param("fast", FAST)
        .param("slow", SLOW)
        .param("rate", 60_000)
        .parallelism(parallelism)
        .checkpoints("50ms", data.path());
    let ended = run.end().success();
    let summary = ended.summary();
    assert!(summary["checkpoints"].as_i64() >= Some(3), "{summary}");
    assert_eq!(summary["failed_checkpoints"], 0, "{summary}");
    let measured = printed(&ended).remove(0);
    assert_eq!(long(&measured, "records"), FAST + SLOW, "{measured}");
    long(&measured, "most_ms")
}

#[test]
fn aligned_sources_stay_together_and_come_to_their_end() {
    for parallelism in [1, 3] {
        // A batch of each subtask may come on top, and what lies in the channels of the slow one.
        let slack = 4 * 1024 * i64::from(parallelism);
        let measured = drift(2000, parallelism);
        assert!(measured <= 2000 + slack, "p={parallelism}: {measured} ms");
    }
    let measured = drift(-1, 1);
    assert!(measured > 50_000, "without alignment only {measured} ms");
}

#[test]
fn alignment_behind_a_shuffle_is_refused() {
    let ended = case("alignment-behind-a-shuffle").parallelism(2).end();
    ended.fails_naming(&["operator \"too-late\"", "in the chain of the source"]);
}
