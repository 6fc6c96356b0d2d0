//! Clicks become visits, bridges join them, and what comes too late is kept apart.

use wasmill_sdk::testing::Harness;

use super::{Click, Visit, sessionization};

fn click(minute: i64, page: &str) -> Click {
    Click {
        user: "U".to_owned(),
        at_ms: minute * 60_000,
        page: page.to_owned(),
    }
}

#[test]
fn a_click_between_two_visits_makes_them_one() {
    let mut harness = Harness::start(&sessionization, &[]).unwrap();
    let clicks = [(0, "a"), (90, "d"), (45, "c"), (20, "b"), (68, "bridge")];
    let clicks = clicks.map(|(minute, page)| click(minute, page));
    harness.push(0, &clicks).unwrap();
    harness.finish().unwrap();
    let visits = harness.records::<Visit>(1).unwrap();
    assert_eq!(visits.len(), 1);
    assert_eq!(visits[0].pages, ["a", "b", "c", "bridge", "d"]);
    assert_eq!((visits[0].start_ms, visits[0].end_ms), (0, 90 * 60_000));
}

#[test]
fn half_an_hour_away_ends_a_visit() {
    let mut harness = Harness::start(&sessionization, &[]).unwrap();
    let clicks = [(0, "a"), (29, "b"), (60, "c")].map(|(minute, page)| click(minute, page));
    harness.push(0, &clicks).unwrap();
    harness.finish().unwrap();
    let visits = harness.records::<Visit>(1).unwrap();
    let told: Vec<_> = visits
        .iter()
        .map(|visit| (visit.start_ms, visit.clicks))
        .collect();
    assert_eq!(told, [(0, 2), (60 * 60_000, 1)]);
    assert_eq!(harness.records::<Click>(0).unwrap(), []);
}

#[test]
fn a_click_after_the_end_of_its_visit_is_late() {
    let mut harness = Harness::start(&sessionization, &[]).unwrap();
    harness.push(0, &[click(0, "a"), click(200, "b")]).unwrap();
    harness.advance_watermark(200 * 60_000).unwrap();
    harness
        .push(0, &[click(10, "late"), click(190, "c")])
        .unwrap();
    harness.finish().unwrap();
    let late = harness.records::<Click>(0).unwrap();
    assert_eq!(late.len(), 1);
    assert_eq!(late[0].page, "late");
    let visits = harness.records::<Visit>(1).unwrap();
    let told: Vec<_> = visits
        .iter()
        .map(|visit| (visit.start_ms / 60_000, visit.clicks))
        .collect();
    assert_eq!(told, [(0, 1), (190, 2)]);
}
