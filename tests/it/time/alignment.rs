//! Sources that do not run away from each other.

use super::{case, long, printed};

/// Records of the fast source and of the slow one, one a millisecond of event time; the fast one goes on alone at the end.
const FAST: i64 = 1_000_000;
const SLOW: i64 = 200_000;

/// Records of the slow source that may lie in its channel, sent but not measured yet: ten segments of 32 KiB, and
/// what is being written and read; no record is shorter than its eight bytes of time.
const IN_CHANNEL: i64 = 16 * 32 * 1024 / 8;

/// How far the fast source was ahead of the slow one, in milliseconds of event time.
fn drift(max_drift_ms: i64, parallelism: u32) -> i64 {
    let data = tempfile::tempdir().expect("a directory");
    let run = case("alignment")
        .param("drift", max_drift_ms)
        .param("fast", FAST)
        .param("slow", SLOW)
        .param("rate", 400_000)
        .parallelism(parallelism)
        .checkpoints("50ms", data.path());
    let ended = run.end().success();
    let summary = ended.summary();
    assert!(summary["checkpoints"].as_i64() >= Some(1), "{summary}");
    assert_eq!(summary["failed_checkpoints"], 0, "{summary}");
    let measured = printed(&ended).remove(0);
    assert_eq!(long(&measured, "records"), FAST + SLOW, "{measured}");
    long(&measured, "most_ms")
}

#[test]
fn aligned_sources_stay_together_and_come_to_their_end() {
    for parallelism in [1, 3] {
        // A batch of each subtask may come on top. Event time is shared out among the subtasks: each channel counts.
        let slack = (4 * 1024 + IN_CHANNEL) * i64::from(parallelism);
        let measured = drift(2000, parallelism);
        assert!(measured <= 2000 + slack, "p={parallelism}: {measured} ms");
    }
    let measured = drift(-1, 1);
    assert!(measured > 300_000, "without alignment only {measured} ms");
}

#[test]
fn alignment_behind_a_shuffle_is_refused() {
    let ended = case("alignment-behind-a-shuffle").parallelism(2).end();
    ended.fails_naming(&["operator \"too-late\"", "in the chain of the source"]);
}
