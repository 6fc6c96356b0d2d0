//! The stored form of timers.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn the_stored_form_keeps_time_order_and_reads_back(a: i64, b: i64, namespace: Vec<u8>) {
        let (mut x, mut y) = (Vec::new(), Vec::new());
        timer_sub_key(a, &namespace, &mut x);
        timer_sub_key(b, &namespace, &mut y);
        prop_assert_eq!(a.cmp(&b), x.cmp(&y));
        prop_assert_eq!(parse_timer_sub_key(&x), Some((a, &namespace[..])));
    }
}
