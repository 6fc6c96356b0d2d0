//! Good lines become orders, once; all others are told with a reason.

use wasmill_sdk::testing::Harness;

use super::order::Order;
use super::{Rejected, continuous_etl, day};

fn run(lines: &[&str]) -> (Vec<Rejected>, Vec<Order>) {
    let lines: Vec<String> = lines.iter().map(|&line| line.to_owned()).collect();
    let mut harness = Harness::start(&continuous_etl, &[]).unwrap();
    harness.push(0, &lines).unwrap();
    harness.finish().unwrap();
    (harness.records(0).unwrap(), harness.records(1).unwrap())
}

#[test]
fn both_forms_of_an_order_are_one_order() {
    let (rejected, orders) = run(&[
        "id,customer,at_ms,amount,currency",
        "7,Ada,1795226400000,12.50,EUR",
        r#"{"id":7,"customer":"Ada","at_ms":1795226400000,"amount":"12.50","currency":"EUR","channel":"web"}"#,
        "8,Ada,1795226400000,0.05,CHF",
    ]);
    assert_eq!(rejected, []);
    assert_eq!(
        orders.iter().map(|order| order.id).collect::<Vec<_>>(),
        [7, 8]
    );
    let again = Order::parse(
        r#"{"id":7,"customer":"Ada","at_ms":1795226400000,"amount":"12.50","currency":"EUR"}"#,
    );
    assert_eq!(again, Ok(Some(orders[0].clone())));
}

#[test]
fn a_line_that_cannot_be_used_is_told_with_a_reason() {
    for (line, reason) in [
        ("", "1 fields, not 5"),
        ("x,Ada,1,1.00,EUR", "x is no whole number"),
        ("1,,1,1.00,EUR", "no customer"),
        ("1,Ada,-1,1.00,EUR", "-1 is no time"),
        ("1,Ada,1,1.0,EUR", "1.0 is no amount"),
        ("1,Ada,1,-1.00,EUR", "-1.00 is no amount"),
        ("1,Ada,1,1.00,DOGE", "DOGE is no currency"),
        (r#"{"id":1}"#, "missing field"),
    ] {
        let (rejected, orders) = run(&[line]);
        assert_eq!(orders, []);
        assert_eq!(rejected[0].line, line);
        assert!(rejected[0].reason.contains(reason), "{:?}", rejected[0]);
    }
}

#[test]
fn days_are_those_of_the_calendar() {
    const DAY_MS: i64 = 86_400_000;
    for (at_ms, expected) in [
        (0, "1970-01-01"),
        (951_782_400_000, "2000-02-29"),
        (951_868_800_000 - 1, "2000-02-29"),
        (951_868_800_000, "2000-03-01"),
        (1_795_226_400_000, "2026-11-21"),
        (1_798_761_600_000 - 1, "2026-12-31"),
        (-1, "1969-12-31"),
    ] {
        assert_eq!(day::of(at_ms), expected);
    }
    // No two days have one name, and their order is that of the names.
    let days: Vec<String> = (0..80_000).map(|day| day::of(day * DAY_MS)).collect();
    assert!(days.windows(2).all(|pair| pair[0] < pair[1]));
}
