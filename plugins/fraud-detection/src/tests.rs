//! A large payment soon after a small one is an alert; later, or in proportion to the account, it is none.

use wasmill_sdk::testing::Harness;

use super::{Alert, Payment, fraud_detection};

/// Alerts of one account that pays 100 euros five times, then these cents at these seconds.
fn alerts(payments: &[(i64, i64)]) -> Vec<Alert> {
    let usual = (0..5).map(|second| (second, 10_000));
    let all = usual.chain(payments.iter().copied()).zip(0..);
    let payments: Vec<Payment> = all
        .map(|((second, cents), id)| Payment {
            id,
            account: "A".to_owned(),
            at_ms: second * 1000,
            cents,
        })
        .collect();
    let mut harness = Harness::start(&fraud_detection, &[]).unwrap();
    harness.push(0, &payments).unwrap();
    harness.finish().unwrap();
    harness.records(0).unwrap()
}

#[test]
fn a_large_payment_within_a_minute_after_a_small_one_is_an_alert() {
    let alert = Alert {
        account: "A".to_owned(),
        small_id: 5,
        large_id: 6,
        at_ms: 70_000,
        cents: 60_000,
        large_cents: (5 * 10_000 + 500) / 6 * 5,
    };
    assert_eq!(alerts(&[(10, 500), (70, 60_000)]), [alert]);
    assert_eq!(alerts(&[(10, 500), (71, 60_000)]), []);
}

#[test]
fn a_large_payment_alone_is_no_alert() {
    assert_eq!(alerts(&[(10, 60_000)]), []);
}

#[test]
fn limits_follow_the_account() {
    let rich = [(10, 49_000), (11, 49_000), (12, 49_000)];
    assert_eq!(
        alerts(&[&rich[..], &[(20, 500), (21, 60_000)]].concat()),
        []
    );
    assert_eq!(
        alerts(&[&rich[..], &[(20, 500), (21, 160_000)]].concat()).len(),
        1
    );
}
