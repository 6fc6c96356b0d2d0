//! Promises of the guest's log.

use super::*;

#[test]
fn lines_beyond_the_rate_are_dropped_and_counted() {
    let clock = ManualClock::at(1_000);
    let limits = GuestLimits {
        log_lines_per_second: 3,
        ..GuestLimits::default()
    };
    let mut log = GuestLog::new(Arc::new(clock.clone()), &limits, "job", "chain", 0);
    let admitted = (0..10).filter(|_| log.admit().is_some()).count();
    assert_eq!(admitted, 3);
    clock.advance_ms(999);
    assert_eq!(log.admit(), None);
    clock.advance_ms(1);
    assert_eq!(log.admit(), Some(8));
    assert_eq!(log.admit(), Some(0));
}

#[test]
fn a_long_line_is_cut_between_characters() {
    let line = "ä".repeat(LOG_LINE_BYTES_MAX);
    let cut = truncated(line, LOG_LINE_BYTES_MAX - 1);
    assert!(cut.len() <= LOG_LINE_BYTES_MAX + 4 && cut.ends_with("ä ..."));
}
