//! Promises of the history of checkpoints.

use dataflow::checkpoint::snapshot::SnapshotTimings;
use dataflow::ids::{CheckpointId, TaskId, VertexId};
use dataflow::limits::CHECKPOINT_HISTORY_MAX;

use super::{CheckpointHistory, Progress};

const TASK: TaskId = TaskId {
    vertex: VertexId(0),
    subtask: 0,
};

#[test]
fn counts_outlive_the_records_they_count() {
    let mut history = CheckpointHistory::default();
    let taken = CHECKPOINT_HISTORY_MAX as u64 + 10;
    for id in 0..taken {
        history.triggered(CheckpointId(id), 1, 10);
        history.completed(CheckpointId(id), 15);
    }
    assert_eq!(history.completed, taken);
    assert_eq!(history.records().count(), CHECKPOINT_HISTORY_MAX);
    let last = history.last_completed().unwrap();
    assert_eq!((last.id.0, last.duration_ms()), (taken - 1, Some(5)));
}

#[test]
fn a_part_belongs_to_its_own_checkpoint() {
    let mut history = CheckpointHistory::default();
    history.triggered(CheckpointId(1), 1, 0);
    history.failed(CheckpointId(1), "late".to_owned(), 1);
    history.triggered(CheckpointId(2), 1, 2);
    let timings = SnapshotTimings {
        sync_ns: 7,
        state_bytes: 11,
        ..SnapshotTimings::default()
    };
    history.acknowledged(CheckpointId(2), TASK, timings, 3);
    let bytes: Vec<u64> = history.records().map(|r| r.state_bytes()).collect();
    assert_eq!(bytes, [11, 0]);
    assert_eq!(history.longest_sync_ns, 7);
}

#[test]
fn what_was_under_way_when_the_tasks_ended_has_failed() {
    let mut history = CheckpointHistory::default();
    history.triggered(CheckpointId(1), 1, 0);
    history.completed(CheckpointId(1), 1);
    history.triggered(CheckpointId(2), 1, 2);
    history.abandon("the job failed", 3);
    let progress: Vec<Progress> = history.records().map(|r| r.progress.clone()).collect();
    let failed = Progress::Failed("the job failed".to_owned());
    assert_eq!(progress, [failed, Progress::Completed]);
}
