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
