//! The timer queue against an ordered set.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Register(i64, u8, u8),
    Delete(i64, u8, u8),
    Pop(i64, usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0i64..20, 0u8..5, 0u8..3).prop_map(|(t, k, n)| Step::Register(t, k, n)),
        1 => (0i64..20, 0u8..5, 0u8..3).prop_map(|(t, k, n)| Step::Delete(t, k, n)),
        1 => (0i64..20, 1usize..6).prop_map(|(t, m)| Step::Pop(t, m)),
    ];
    prop::collection::vec(step, 0..200)
}

proptest! {
    #[test]
    fn each_timer_fires_once_in_order_of_time(steps in steps()) {
        let mut queue = TimerQueue::default();
        let mut model = BTreeSet::new();
        for step in steps {
            match step {
                Step::Register(t, k, n) => {
                    prop_assert_eq!(queue.register(t, &[k], &[n]), model.insert((t, k, n)));
                }
                Step::Delete(t, k, n) => {
                    prop_assert_eq!(queue.delete(t, &[k], &[n]), model.remove(&(t, k, n)));
                }
                Step::Pop(t, max) => {
                    let due = queue.pop_due(t, max);
                    prop_assert_eq!(due.validate(), Ok(()));
                    let expected = model.iter().filter(|x| x.0 <= t).count().min(max);
                    prop_assert_eq!(due.len(), expected);
                    let mut last = i64::MIN;
                    for i in 0..due.len() {
                        let (time, key, namespace) = due.get(i);
                        prop_assert!(time >= last);
                        last = time;
                        prop_assert!(model.remove(&(time, key[0], namespace[0])));
                    }
                    if let Some(first) = model.first() {
                        prop_assert!(due.is_empty() || first.0 >= last);
                    }
                }
            }
            prop_assert_eq!(queue.len(), model.len());
            prop_assert_eq!(queue.next_time(), model.first().map(|x| x.0));
        }
    }

    #[test]
    fn the_stored_form_keeps_time_order_and_reads_back(a: i64, b: i64, namespace: Vec<u8>) {
        let (mut x, mut y) = (Vec::new(), Vec::new());
        timer_sub_key(a, &namespace, &mut x);
        timer_sub_key(b, &namespace, &mut y);
        prop_assert_eq!(a.cmp(&b), x.cmp(&y));
        prop_assert_eq!(parse_timer_sub_key(&x), Some((a, &namespace[..])));
    }
}
