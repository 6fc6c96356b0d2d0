//! Watermarks per split.

use super::*;

fn strategy(rule: WatermarkRule, idle_after_ms: Option<i64>) -> WatermarkStrategy {
    WatermarkStrategy {
        rule,
        idle_after_ms,
        alignment: None,
    }
}

fn bounded(max_out_of_orderness_ms: i64) -> WatermarkRule {
    WatermarkRule::Bounded {
        max_out_of_orderness_ms,
    }
}

fn at(ms: i64) -> GeneratorTime {
    GeneratorTime {
        now_ms: ms,
        active_ms: ms,
    }
}

fn generator(splits: u32, rule: WatermarkRule, idle: Option<i64>) -> WatermarkGenerator {
    let splits: Vec<SplitId> = (0..splits).map(SplitId).collect();
    WatermarkGenerator::new(&strategy(rule, idle), &splits, &[], at(0))
}

fn timestamp(ms: i64) -> Seen {
    Seen::timestamp(ms)
}

#[test]
fn the_slowest_split_decides_and_time_never_goes_back() {
    let mut generator = generator(2, bounded(100), None);
    assert_eq!(generator.observe(SplitId(0), timestamp(1000), at(0)), None);
    assert_eq!(
        generator.observe(SplitId(1), timestamp(500), at(0)),
        Some(399)
    );
    assert_eq!(generator.observe(SplitId(1), timestamp(400), at(0)), None);
    assert_eq!(
        generator.observe(SplitId(1), timestamp(2000), at(0)),
        Some(899)
    );
}

#[test]
fn an_ended_split_no_longer_holds_the_watermark() {
    let mut generator = generator(2, bounded(0), None);
    generator.observe(SplitId(0), timestamp(1000), at(0));
    assert_eq!(generator.split_ended(SplitId(1), at(0)), Some(999));
}

#[test]
fn an_idle_split_no_longer_holds_the_watermark_until_it_speaks_again() {
    let mut generator = generator(2, bounded(0), Some(50));
    assert_eq!(generator.observe(SplitId(0), timestamp(1000), at(40)), None);
    assert_eq!(generator.on_time(at(49)), None);
    assert_eq!(generator.on_time(at(50)), Some(999));
    assert_eq!(
        generator.observe(SplitId(1), timestamp(10), at(60)),
        None,
        "never back"
    );
    assert!(!generator.is_idle(at(80)));
    assert!(generator.is_idle(at(200)));
}

#[test]
fn time_in_which_the_task_could_not_read_is_not_silence() {
    let mut generator = generator(1, bounded(0), Some(50));
    generator.observe(SplitId(0), timestamp(10), at(0));
    let blocked = GeneratorTime {
        now_ms: 1000,
        active_ms: 20,
    };
    assert!(!generator.is_idle(blocked));
    generator.keep_active(SplitId(0), at(45));
    assert!(!generator.is_idle(at(90)), "it was held back on purpose");
}

#[test]
fn what_the_operator_names_is_the_watermark_of_its_split() {
    let mut generator = generator(2, WatermarkRule::Punctuated, None);
    let named = |watermark| Seen {
        max_timestamp: 5000,
        watermark,
    };
    assert_eq!(generator.observe(SplitId(0), named(70), at(0)), None);
    assert_eq!(
        generator.observe(SplitId(1), timestamp(900), at(0)),
        None,
        "it named none"
    );
    assert_eq!(generator.observe(SplitId(1), named(60), at(0)), Some(60));
    assert_eq!(
        generator.observe(SplitId(1), named(50), at(0)),
        None,
        "never back"
    );
    assert_eq!(generator.marks(), [(SplitId(0), 70), (SplitId(1), 60)]);
}

#[test]
fn without_watermarks_event_time_stands_still() {
    let mut generator = generator(1, WatermarkRule::None, Some(10));
    assert_eq!(generator.observe(SplitId(0), timestamp(900), at(0)), None);
    assert_eq!(generator.on_time(at(100)), None);
    assert!(generator.is_idle(at(100)));
}

#[test]
fn ingestion_time_follows_the_clock_also_in_silence() {
    let mut generator = generator(2, WatermarkRule::Ingestion, None);
    assert_eq!(
        generator.observe(SplitId(0), timestamp(100), at(100)),
        Some(99)
    );
    assert_eq!(generator.on_time(at(150)), Some(149));
    assert_eq!(generator.on_time(at(140)), None, "never back");
    assert!(!generator.is_idle(at(10_000)));
}

#[test]
fn a_restored_generator_goes_on_where_it_was() {
    let strategy = strategy(bounded(10), None);
    let restored = WatermarkGenerator::new(&strategy, &[SplitId(3)], &[(SplitId(3), 100)], at(0));
    assert_eq!(restored.watermark(), 89);
    assert_eq!(restored.marks(), [(SplitId(3), 100)]);
    let watermarks: Vec<_> = restored.split_watermarks(at(0)).collect();
    assert_eq!(watermarks, [(SplitId(3), 89)]);
}

#[test]
fn a_split_that_has_seen_nothing_has_the_least_watermark() {
    let generator = generator(1, bounded(10), None);
    let watermarks: Vec<_> = generator.split_watermarks(at(0)).collect();
    assert_eq!(watermarks, [(SplitId(0), WATERMARK_MIN)]);
    assert_eq!(generator.watermark(), WATERMARK_MIN);
}
