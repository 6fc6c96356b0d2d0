//! The valve against its definition.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Watermark(usize, i64),
    Idle(usize),
    End(usize),
}

proptest! {
    #[test]
    fn the_watermark_is_the_running_maximum_of_the_minimum_over_active_channels(
        steps in prop::collection::vec(prop_oneof![
            4 => (0usize..3, 0i64..100).prop_map(|(c, w)| Step::Watermark(c, w)),
            1 => (0usize..3).prop_map(Step::Idle),
            1 => (0usize..3).prop_map(Step::End),
        ], 0..60)
    ) {
        let mut valve = WatermarkValve::new(3, WATERMARK_MIN);
        let mut model = [(WATERMARK_MIN, 'a'); 3];
        let mut best = WATERMARK_MIN;
        for step in steps {
            let before = valve.watermark();
            let change = match step {
                Step::Watermark(c, _) | Step::Idle(c) if model[c].1 == 'e' => { let _ = c; continue }
                Step::Watermark(c, w) => { model[c] = (model[c].0.max(w), 'a'); valve.on_watermark(c, w) }
                Step::Idle(c) => { model[c].1 = 'i'; valve.on_idle(c) }
                Step::End(c) => { model[c].1 = 'e'; valve.on_end(c) }
            };
            let expected = if model.iter().all(|m| m.1 == 'e') { Some(WATERMARK_MAX) }
                else { model.iter().filter(|m| m.1 == 'a').map(|m| m.0).min() };
            best = best.max(expected.unwrap_or(best));
            prop_assert_eq!(valve.watermark(), best);
            prop_assert_eq!(change.watermark, (best > before).then_some(best));
        }
    }
}

#[test]
fn a_restored_watermark_is_the_floor() {
    let mut valve = WatermarkValve::new(1, 50);
    assert_eq!(valve.on_watermark(0, 40).watermark, None);
    assert_eq!(valve.on_watermark(0, 60).watermark, Some(60));
}

#[test]
fn a_task_whose_channels_are_all_idle_is_idle() {
    let mut valve = WatermarkValve::new(2, WATERMARK_MIN);
    assert_eq!(valve.on_idle(0), ValveChange::default());
    assert_eq!(valve.on_idle(1).idle, Some(true));
    assert_eq!(
        valve.on_watermark(1, 5),
        ValveChange {
            watermark: Some(5),
            idle: Some(false)
        }
    );
}
