//! Lines of a real log become rates; anything else is skipped and counted.

use wasmill_sdk::testing::Harness;

use super::{log_rate, parse, timestamp};

#[test]
fn times_are_read_and_written_back() {
    for (date, time, at_ms) in [
        ("1970-01-01", "00:00:00", 0),
        ("2000-02-29", "23:59:59", 951_868_799_000),
        ("2026-11-21", "02:07:12", 1_795_226_832_000),
        ("1969-12-31", "23:59:59", -1000),
    ] {
        assert_eq!(timestamp::parse(date, time), Some(at_ms));
        assert_eq!(timestamp::format(at_ms), format!("{date} {time}"));
    }
}

#[test]
fn lines_of_another_form_are_no_actions() {
    for line in [
        "",
        "hello",
        "2026-11-21",
        "2026-13-21 02:07:12 install x",
        "2026-11-21 02:07:12",
        "+026-11-21 02:07:12 x",
    ] {
        assert_eq!(parse(line), None, "{line}");
    }
}

#[test]
fn actions_are_counted_per_minute() {
    let lines = [
        "2026-11-21 02:07:12 startup archives unpack",
        "2026-11-21 02:07:12 install libfoo:amd64 <none> 1.2",
        "2026-11-21 02:07:13 status half-installed libfoo:amd64 1.2",
        "garbage",
        "2026-11-21 02:07:14 status installed libfoo:amd64 1.2",
        "2026-11-21 02:07:59 status installed libbar:amd64 1.2",
        "2026-11-21 02:08:00 status installed libbaz:amd64 1.2",
    ];
    let mut harness = Harness::start(&log_rate, &[]).unwrap();
    harness.push(0, &lines.map(str::to_owned)).unwrap();
    harness.finish().unwrap();
    let mut rates = harness.records::<String>(0).unwrap();
    rates.sort();
    assert_eq!(
        rates,
        [
            "2026-11-21 02:07:00 half-installed 1",
            "2026-11-21 02:07:00 install 1",
            "2026-11-21 02:07:00 installed 2",
            "2026-11-21 02:07:00 startup 1",
            "2026-11-21 02:08:00 installed 1",
        ]
    );
    assert_eq!(harness.counter("lines_skipped"), 1);
}
