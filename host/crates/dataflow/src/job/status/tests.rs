//! Promises of the job's states.

use super::{IllegalTransition, JOB_STATUSES, JobStatus, StatusHistory};

#[test]
fn a_state_is_the_index_of_its_time() {
    for (index, status) in JOB_STATUSES.into_iter().enumerate() {
        assert_eq!(index, status as usize);
    }
}

#[test]
fn what_has_ended_stays_ended() {
    for ended in JOB_STATUSES
        .into_iter()
        .filter(|status| status.is_terminal())
    {
        for next in JOB_STATUSES {
            assert!(!ended.may_become(next), "{ended:?} became {next:?}");
        }
    }
}

#[test]
fn every_state_can_be_reached_and_left_unless_it_is_the_end() {
    for status in JOB_STATUSES {
        let reached = JOB_STATUSES.into_iter().any(|from| from.may_become(status));
        let left = JOB_STATUSES.into_iter().any(|to| status.may_become(to));
        assert!(reached || status == JobStatus::Created, "{status:?}");
        assert_eq!(left, !status.is_terminal(), "{status:?}");
    }
}

#[test]
fn an_undeclared_transition_changes_nothing() {
    let mut history = StatusHistory::new(10);
    let refused = history.transition(JobStatus::Finished, 20);
    assert_eq!(
        refused,
        Err(IllegalTransition {
            from: JobStatus::Created,
            to: JobStatus::Finished
        })
    );
    assert_eq!(history.status(), JobStatus::Created);
    assert_eq!(history.since_ms(JobStatus::Finished), None);
}

#[test]
fn the_time_of_a_state_is_the_last_time_it_was_taken() {
    let mut history = StatusHistory::new(1);
    for (status, at) in [
        (JobStatus::Running, 2),
        (JobStatus::Failing, 3),
        (JobStatus::Restarting, 4),
        (JobStatus::Running, 5),
        (JobStatus::Running, 6),
    ] {
        history.transition(status, at).unwrap();
    }
    assert_eq!(history.since_ms(JobStatus::Created), Some(1));
    assert_eq!(history.since_ms(JobStatus::Running), Some(5));
}
