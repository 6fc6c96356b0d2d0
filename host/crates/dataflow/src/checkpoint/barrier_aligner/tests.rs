//! Alignment, event by event.

use super::*;

const ONE: CheckpointId = CheckpointId(1);
const TWO: CheckpointId = CheckpointId(2);

#[test]
fn a_channel_is_held_back_until_the_barrier_came_on_all() {
    let mut aligner = BarrierAligner::new(3, CheckpointMode::ExactlyOnce);
    assert_eq!(aligner.on_barrier(0, ONE), Alignment::None);
    assert!(aligner.is_blocked(0) && !aligner.is_blocked(1));
    assert_eq!(aligner.on_barrier(2, ONE), Alignment::None);
    assert_eq!(aligner.on_barrier(1, ONE), Alignment::Aligned(ONE));
    assert!((0..3).all(|channel| !aligner.is_blocked(channel)));
}

#[test]
fn an_ended_channel_counts_as_having_delivered() {
    let mut aligner = BarrierAligner::new(2, CheckpointMode::ExactlyOnce);
    assert_eq!(aligner.on_barrier(0, ONE), Alignment::None);
    assert_eq!(aligner.on_end(1), Alignment::Aligned(ONE));
    assert_eq!(aligner.on_barrier(0, TWO), Alignment::Aligned(TWO));
    assert_eq!(aligner.on_end(0), Alignment::None);
    assert!(aligner.all_ended());
}

#[test]
fn a_newer_barrier_abandons_an_older_alignment() {
    let mut aligner = BarrierAligner::new(2, CheckpointMode::ExactlyOnce);
    aligner.on_barrier(0, ONE);
    assert_eq!(aligner.on_barrier(1, TWO), Alignment::None);
    assert!(!aligner.is_blocked(0) && aligner.is_blocked(1));
    assert_eq!(
        aligner.on_barrier(0, ONE),
        Alignment::None,
        "an abandoned checkpoint stays abandoned"
    );
    assert_eq!(aligner.on_barrier(0, TWO), Alignment::Aligned(TWO));
    assert_eq!(aligner.last_aligned(), Some(TWO));
}

#[test]
fn at_least_once_no_channel_waits_for_another() {
    let mut aligner = BarrierAligner::new(2, CheckpointMode::AtLeastOnce);
    assert_eq!(aligner.on_barrier(0, ONE), Alignment::None);
    assert!(!aligner.is_blocked(0));
    assert_eq!(aligner.on_barrier(1, ONE), Alignment::Aligned(ONE));
    assert_eq!(aligner.on_barrier(0, TWO), Alignment::None);
    assert_eq!(aligner.on_end(1), Alignment::Aligned(TWO));
}

#[test]
fn who_overtakes_is_told_on_which_channels_the_barrier_is_still_to_come() {
    let mut aligner = BarrierAligner::new(4, CheckpointMode::ExactlyOnce);
    aligner.on_end(3);
    aligner.on_barrier(1, ONE);
    assert_eq!(aligner.overtake(ONE), Some(vec![0, 2]));
    assert!(!aligner.is_blocked(1), "the snapshot is taken");
    assert_eq!(aligner.on_barrier(0, ONE), Alignment::None);
    assert!(
        !aligner.is_blocked(0),
        "its barrier only ends what is in flight"
    );
    assert_eq!(aligner.overtake(ONE), Some(Vec::new()));
    aligner.on_barrier(0, ONE);
    assert_eq!(aligner.overtake(TWO), Some(vec![0, 1, 2]));
    assert_eq!(aligner.overtake(ONE), None, "too late");
}

#[test]
fn who_overtakes_abandons_an_older_alignment_and_not_a_newer_one() {
    let mut aligner = BarrierAligner::new(2, CheckpointMode::ExactlyOnce);
    aligner.on_barrier(0, ONE);
    assert_eq!(aligner.overtake(TWO), Some(vec![0, 1]));
    let mut aligner = BarrierAligner::new(2, CheckpointMode::ExactlyOnce);
    aligner.on_barrier(0, TWO);
    assert_eq!(aligner.overtake(ONE), None);
    assert_eq!(aligner.aligning(), Some(TWO));
}

#[test]
fn what_is_aligned_is_not_in_flight() {
    let mut aligner = BarrierAligner::new(2, CheckpointMode::ExactlyOnce);
    aligner.on_barrier(0, ONE);
    assert_eq!(aligner.on_barrier(1, ONE), Alignment::Aligned(ONE));
    assert_eq!(aligner.overtake(ONE), Some(Vec::new()));
}
