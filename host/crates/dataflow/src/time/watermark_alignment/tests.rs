//! Who waits for whom.

use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

use proptest::prelude::*;

use super::*;

fn group(drifts: &[i64]) -> (Vec<AlignmentMember>, Arc<Vec<AtomicUsize>>) {
    let woken: Arc<Vec<AtomicUsize>> =
        Arc::new(drifts.iter().map(|_| AtomicUsize::new(0)).collect());
    let member = |(index, drift): (usize, &i64)| {
        let woken = Arc::clone(&woken);
        let wake: Wake = Arc::new(move || {
            woken[index].fetch_add(1, Ordering::SeqCst);
        });
        (*drift, wake)
    };
    let members = alignment_group(drifts.iter().enumerate().map(member).collect());
    (members, woken)
}

fn count(woken: &[AtomicUsize], member: usize) -> usize {
    woken[member].load(Ordering::SeqCst)
}

#[test]
fn who_is_too_far_ahead_waits_until_the_last_has_caught_up() {
    let (members, woken) = group(&[10, 10]);
    members[0].report(100);
    assert_eq!(members[0].limit(), WATERMARK_MIN, "the other has not begun");
    members[1].report(80);
    assert_eq!(members[0].limit(), 90);
    assert!(members[0].wait(100));
    members[1].report(89);
    assert_eq!(count(&woken, 0), 0);
    members[1].report(90);
    assert_eq!(count(&woken, 0), 1);
    assert!(!members[0].wait(100), "it may go on");
}

#[test]
fn who_is_idle_or_gone_holds_nobody() {
    let (mut members, woken) = group(&[0, 0, 0]);
    members[0].report(100);
    members[1].report(1);
    assert!(members[0].wait(100));
    members[1].report(WATERMARK_MAX);
    assert_eq!(count(&woken, 0), 0, "the third has not begun");
    members.truncate(2);
    assert_eq!(count(&woken, 0), 1);
    assert_eq!(members[0].limit(), 100, "its own watermark is the least");
}

proptest! {
    /// Whatever members report, in whatever order: somebody can always go on, and whoever waits is woken when it may.
    #[test]
    fn nobody_sleeps_for_ever(
        drift in 0i64..20,
        reports in proptest::collection::vec((0usize..4, 0i64..100), 1..60),
    ) {
        let (members, woken) = group(&[drift; 4]);
        let mut at = [WATERMARK_MIN; 4];
        let asleep: Mutex<Vec<Option<usize>>> = Mutex::new(vec![None; 4]);
        for (who, step) in reports {
            at[who] = at[who].max(0) + step;
            members[who].report(at[who]);
            let mut asleep = asleep.lock().expect("one thread");
            asleep[who] = members[who].wait(at[who]).then(|| count(&woken, who));
            let least = *at.iter().min().expect("four");
            for member in 0..4 {
                let free = at[member] == least
                    || (least != WATERMARK_MIN && at[member] <= least + drift);
                if let Some(before) = asleep[member] {
                    prop_assert!(!free || count(&woken, member) > before, "{member} sleeps: {at:?}");
                }
            }
            let last = at.iter().position(|mark| *mark == least).expect("the least");
            prop_assert!(members[last].limit() >= at[last]);
        }
    }
}
