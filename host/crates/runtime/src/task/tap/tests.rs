//! Samples are taken while somebody looks, and never more than fit.

use super::*;

fn batch(records: usize) -> Batch {
    let mut batch = Batch::default();
    for number in 0..records {
        batch.push(number as i64, &[], &(number as u64).to_le_bytes());
    }
    batch
}

#[test]
fn nothing_is_kept_while_nobody_looks() {
    let figures = Arc::new(TaskFigures::default());
    figures.tap.offer(None, &batch(10));
    let listener = TapListener::open(&figures).expect("nobody looks");
    assert!(listener.take().is_empty());
    assert!(TapListener::open(&figures).is_none(), "one at a time");
    figures.tap.offer(Some(1), &batch(2));
    let taken = listener.take();
    assert_eq!(taken.len(), 2);
    assert_eq!((taken[1].port, taken[1].timestamp), (Some(1), 1));
    drop(listener);
    figures.tap.offer(None, &batch(10));
    assert!(
        TapListener::open(&figures)
            .expect("free again")
            .take()
            .is_empty()
    );
}

#[test]
fn samples_are_bounded() {
    let figures = Arc::new(TaskFigures::default());
    let listener = TapListener::open(&figures).expect("nobody looks");
    for _ in 0..TAP_SAMPLES_MAX {
        figures.tap.offer(None, &batch(100));
    }
    assert_eq!(listener.take().len(), TAP_SAMPLES_MAX);
}
