//! Watermarks per split.

use super::*;

fn generator(splits: u32, out_of_orderness: i64, idle: Option<i64>) -> WatermarkGenerator {
    let strategy = WatermarkStrategy {
        max_out_of_orderness_ms: out_of_orderness,
        idle_after_ms: idle,
    };
    let splits: Vec<SplitId> = (0..splits).map(SplitId).collect();
    WatermarkGenerator::new(strategy, &splits, &[], 0)
}

#[test]
fn the_slowest_split_decides_and_time_never_goes_back() {
    let mut generator = generator(2, 100, None);
    assert_eq!(generator.observe(SplitId(0), 1000, 0), None);
    assert_eq!(generator.observe(SplitId(1), 500, 0), Some(399));
    assert_eq!(generator.observe(SplitId(1), 400, 0), None);
    assert_eq!(generator.observe(SplitId(1), 2000, 0), Some(899));
}

#[test]
fn an_ended_split_no_longer_holds_the_watermark() {
    let mut generator = generator(2, 0, None);
    generator.observe(SplitId(0), 1000, 0);
    assert_eq!(generator.split_ended(SplitId(1), 0), Some(999));
}

#[test]
fn an_idle_split_no_longer_holds_the_watermark_until_it_speaks_again() {
    let mut generator = generator(2, 0, Some(50));
    assert_eq!(generator.observe(SplitId(0), 1000, 40), None);
    assert_eq!(generator.on_time(49), None);
    assert_eq!(generator.on_time(50), Some(999));
    assert_eq!(generator.observe(SplitId(1), 10, 60), None, "never back");
    assert!(!generator.is_idle(80));
    assert!(generator.is_idle(200));
}

#[test]
fn a_restored_generator_goes_on_where_it_was() {
    let strategy = WatermarkStrategy {
        max_out_of_orderness_ms: 10,
        idle_after_ms: None,
    };
    let restored = WatermarkGenerator::new(strategy, &[SplitId(3)], &[(SplitId(3), 100)], 0);
    assert_eq!(restored.watermark(), 89);
    assert_eq!(restored.max_timestamps(), [(SplitId(3), 100)]);
}
