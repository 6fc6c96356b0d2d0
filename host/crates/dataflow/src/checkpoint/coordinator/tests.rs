//! The life of checkpoints, fact by fact.

use super::*;
use crate::ids::VertexId;

fn task(vertex: u32, subtask: u32) -> TaskId {
    TaskId {
        vertex: VertexId(vertex),
        subtask,
    }
}

fn coordinator(tolerated_failures: u32) -> Coordinator {
    concurrent(tolerated_failures, 1)
}

fn concurrent(tolerated_failures: u32, max_concurrent: usize) -> Coordinator {
    let config = CheckpointConfig {
        interval_ms: Some(100),
        timeout_ms: 50,
        min_pause_ms: 10,
        max_concurrent,
        tolerated_failures,
        overtakes_after_ms: None,
    };
    let tasks = [task(0, 0), task(1, 0), task(1, 1)];
    Coordinator::new(config, tasks, CheckpointId(7), 0)
}

fn acknowledge(
    coordinator: &mut Coordinator,
    task: TaskId,
    id: u64,
    finished: bool,
) -> Vec<Decision> {
    let part = TaskSnapshot {
        finished,
        ..TaskSnapshot::default()
    };
    coordinator.acknowledge(
        task,
        CheckpointId(id),
        part,
        SnapshotTimings::default(),
        105,
    )
}

#[test]
fn a_checkpoint_is_stored_when_the_last_task_acknowledged_and_not_before() {
    let mut c = coordinator(0);
    assert_eq!(c.on_time(99), []);
    assert_eq!(c.on_time(100), [Decision::Trigger(CheckpointId(7))]);
    assert_eq!(c.on_time(101), [], "one at a time");
    assert_eq!(acknowledge(&mut c, task(0, 0), 7, false), []);
    assert_eq!(
        acknowledge(&mut c, task(0, 0), 7, false),
        [],
        "twice counts once"
    );
    assert_eq!(
        acknowledge(&mut c, task(1, 0), 6, false),
        [],
        "of another checkpoint"
    );
    assert_eq!(acknowledge(&mut c, task(1, 0), 7, false), []);
    let [Decision::Store(completed)] = &acknowledge(&mut c, task(1, 1), 7, false)[..] else {
        panic!("complete")
    };
    assert_eq!(
        (completed.id, completed.duration_ms, completed.tasks.len()),
        (CheckpointId(7), 5, 3)
    );
    assert_eq!(c.on_time(149), [], "not while it is being stored");
    assert_eq!(c.stored(CheckpointId(7), Ok(()), 195), []);
    assert_eq!(c.on_time(204), [], "the pause");
    assert_eq!(c.on_time(205), [Decision::Trigger(CheckpointId(8))]);
}

#[test]
fn a_slow_checkpoint_is_given_up_and_its_late_acknowledgement_ignored() {
    let mut c = coordinator(1);
    c.on_time(100);
    let late = vec![task(0, 0), task(1, 0), task(1, 1)];
    assert_eq!(
        c.on_time(150),
        [Decision::Abort(
            CheckpointId(7),
            DeclineReason::Timeout(late)
        )]
    );
    assert_eq!(acknowledge(&mut c, task(0, 0), 7, false), []);
    assert_eq!(c.on_time(200), [Decision::Trigger(CheckpointId(8))]);
    let failed = c.decline(task(1, 1), CheckpointId(8), "disk full".into(), 201);
    assert!(matches!(
        failed[..],
        [Decision::FailJob(DeclineReason::SnapshotFailed(..))]
    ));
}

#[test]
fn subtasks_may_have_ended_while_others_of_their_chain_go_on() {
    let mut c = coordinator(0);
    c.on_time(100);
    acknowledge(&mut c, task(0, 0), 7, true);
    acknowledge(&mut c, task(1, 0), 7, true);
    let [Decision::Store(completed)] = &acknowledge(&mut c, task(1, 1), 7, false)[..] else {
        panic!("complete")
    };
    assert!(!completed.is_final(), "one goes on");
}

#[test]
fn a_store_failure_counts_and_a_success_forgives() {
    let mut c = coordinator(1);
    for round in 0..3u64 {
        let now = 100 + 400 * round as i64;
        let id = 7 + 2 * round;
        c.on_time(now);
        for t in [task(0, 0), task(1, 0), task(1, 1)] {
            acknowledge(&mut c, t, id, false);
        }
        let aborted = c.stored(CheckpointId(id), Err("no space".into()), now);
        assert!(
            matches!(aborted[..], [Decision::Abort(..)]),
            "round {round}: {aborted:?}"
        );
        c.trigger(now + 20);
        for t in [task(0, 0), task(1, 0), task(1, 1)] {
            acknowledge(&mut c, t, id + 1, false);
        }
        assert_eq!(c.stored(CheckpointId(id + 1), Ok(()), now + 30), []);
    }
}

#[test]
fn no_checkpoint_begins_before_what_it_is_held_for_has_finished() {
    let mut c = coordinator(0).held_for(&BTreeSet::from([VertexId(1)]));
    assert_eq!((c.next_time_ms(), c.on_time(100)), (None, vec![]));
    assert_eq!(c.trigger(101), None);
    c.finished(task(1, 0));
    assert_eq!(c.on_time(102), [], "one of two has finished");
    c.finished(task(1, 1));
    assert_eq!(c.next_time_ms(), Some(100));
    assert_eq!(c.on_time(103), [Decision::Trigger(CheckpointId(7))]);
}

#[test]
fn as_many_are_under_way_as_are_allowed_and_older_ones_give_way_to_a_complete_one() {
    let mut c = concurrent(0, 3);
    c.config.timeout_ms = 1_000;
    for (at, id) in [(100, 7), (200, 8), (300, 9)] {
        assert_eq!(c.on_time(at), [Decision::Trigger(CheckpointId(id))]);
    }
    assert_eq!(c.on_time(400), [], "three at a time");
    acknowledge(&mut c, task(0, 0), 7, false);
    for t in [task(0, 0), task(1, 0)] {
        acknowledge(&mut c, t, 8, false);
    }
    let decisions = acknowledge(&mut c, task(1, 1), 8, false);
    let subsumed = DeclineReason::Subsumed(CheckpointId(8));
    assert_eq!(decisions[0], Decision::Abort(CheckpointId(7), subsumed));
    assert!(matches!(&decisions[1], Decision::Store(it) if it.id == CheckpointId(8)));
    for t in [task(0, 0), task(1, 0)] {
        acknowledge(&mut c, t, 9, false);
    }
    assert_eq!(
        acknowledge(&mut c, task(1, 1), 9, false),
        [],
        "stored one by one"
    );
    let decisions = c.stored(CheckpointId(8), Ok(()), 410);
    assert!(matches!(&decisions[..], [Decision::Store(it)] if it.id == CheckpointId(9)));
    assert_eq!(c.stored(CheckpointId(9), Ok(()), 420), []);
    assert_eq!(c.on_time(430), [Decision::Trigger(CheckpointId(10))]);
}

#[test]
fn barriers_overtake_once_when_alignment_takes_too_long_and_never_if_they_must_not() {
    let config = CheckpointConfig {
        interval_ms: Some(100),
        timeout_ms: 1000,
        min_pause_ms: 0,
        max_concurrent: 1,
        tolerated_failures: 0,
        overtakes_after_ms: Some(30),
    };
    let tasks = [task(0, 0), task(1, 0), task(1, 1)];
    let mut c = Coordinator::new(config, tasks, CheckpointId(7), 0);
    assert_eq!(c.on_time(100), [Decision::Trigger(CheckpointId(7))]);
    assert_eq!(c.next_time_ms(), Some(130));
    assert_eq!(c.on_time(129), []);
    assert_eq!(c.on_time(131), [Decision::Overtake(CheckpointId(7))]);
    assert_eq!(c.on_time(140), [], "once");
    for part in tasks {
        acknowledge(&mut c, part, 7, false);
    }
    c.stored(CheckpointId(7), Ok(()), 150);
    assert_eq!(c.on_time(200), [Decision::Trigger(CheckpointId(8))]);
    c.keep_aligned(CheckpointId(8));
    assert_eq!(c.on_time(290), [], "it was told to stay aligned");
    assert_eq!(c.next_time_ms(), Some(1200), "the timeout is all there is");
}
