//! The job natively, in the harness of the SDK: `cargo test`.

use wasmill_sdk::testing::Harness;

use super::*;

#[test]
fn payments_of_an_account_add_up() {
    let mut harness = Harness::start(&job, &[]).unwrap();
    let payments = [("anna", 5), ("bert", 7), ("anna", 3)].map(|(account, cents)| Payment {
        account: account.to_owned(),
        cents,
    });
    harness.push(0, &payments).unwrap();
    let totals = harness.records::<Total>(0).unwrap();
    let totals: Vec<i64> = totals.into_iter().map(|total| total.cents).collect();
    assert_eq!(totals, [5, 7, 8]);
}
