//! The timer queue against an ordered set, and its snapshots against what was saved before.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::key_group::key_group;

#[derive(Clone, Debug)]
enum Step {
    Register(i64, u8, u8),
    /// Many timers of one time, by key from this one on.
    RegisterMany(i64, u8, u8),
    Delete(i64, u8, u8),
    DeleteMany(i64, u8, u8),
    Pop(i64, usize),
    /// Takes a snapshot; it completes or not.
    Freeze(bool),
}

type Model = BTreeSet<(i64, Vec<u8>, Vec<u8>)>;

fn timer((t, k, n): (i64, u8, u8)) -> (i64, Vec<u8>, Vec<u8>) {
    let namespace = if n == 0 { vec![] } else { vec![n; 9] };
    (t, vec![k; 1 + (k % 3) as usize * 7], namespace)
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (t, k, n) = (0i64..20, 0u8..5, 0u8..3);
    let step = prop_oneof![
        6 => (t.clone(), k.clone(), n.clone()).prop_map(|(t, k, n)| Step::Register(t, k, n)),
        2 => (t.clone(), any::<u8>(), n.clone()).prop_map(|(t, k, n)| Step::RegisterMany(t, k, n)),
        2 => (t.clone(), k, n.clone()).prop_map(|(t, k, n)| Step::Delete(t, k, n)),
        1 => (t.clone(), any::<u8>(), n).prop_map(|(t, k, n)| Step::DeleteMany(t, k, n)),
        2 => (t, 1usize..120).prop_map(|(t, m)| Step::Pop(t, m)),
        2 => any::<bool>().prop_map(Step::Freeze),
    ];
    prop::collection::vec(step, 0..120)
}

/// A queue, what it should hold, and what snapshots hold of it.
#[derive(Default)]
struct Job {
    queue: TimerQueue,
    model: Model,
    saved: BTreeMap<u32, Model>,
    completed: u32,
}

impl Job {
    fn register(&mut self, at: (i64, u8, u8)) {
        let (time, key, namespace) = timer(at);
        let new = self.queue.register(time, &key, &namespace);
        assert_eq!(new, self.model.insert((time, key, namespace)));
    }

    fn delete(&mut self, at: (i64, u8, u8)) {
        let (time, key, namespace) = timer(at);
        let was = self.queue.delete(time, &key, &namespace);
        assert_eq!(was, self.model.remove(&(time, key, namespace)));
    }

    fn pop(&mut self, until: i64, max: usize) {
        let due = self.queue.pop_due(until, max);
        assert_eq!(due.validate(), Ok(()));
        let expected = self.model.iter().filter(|x| x.0 <= until).count().min(max);
        assert_eq!(due.len(), expected);
        let mut last = i64::MIN;
        for i in 0..due.len() {
            let (time, key, namespace) = due.get(i);
            assert!(time >= last);
            last = time;
            let it = (time, key.to_vec(), namespace.to_vec());
            assert!(self.model.remove(&it));
        }
        if let Some(first) = self.model.first() {
            assert!(due.is_empty() || first.0 >= last);
        }
    }

    /// What is saved together with what has changed since is what there is, and nothing else.
    fn freeze(&mut self, complete: bool) {
        let epoch = self.queue.epoch();
        let frozen = self.queue.freeze(self.completed);
        for since in [None, (self.completed > 0).then_some(self.completed)] {
            let before = since.map(|epoch| self.saved[&epoch].clone());
            let mut restored = before.unwrap_or_default();
            let mut last_group = 0;
            for op in frozen.changes(since, 16) {
                assert_eq!(op.key_group, key_group(op.key, 16));
                assert!(op.key_group >= last_group);
                last_group = op.key_group;
                let it = (op.time, op.key.to_vec(), op.namespace.to_vec());
                if op.added {
                    restored.insert(it);
                } else {
                    restored.remove(&it);
                }
            }
            assert_eq!(restored, self.model, "since {since:?}");
        }
        self.saved.insert(epoch, self.model.clone());
        if complete {
            self.completed = epoch;
        }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Register(t, k, n) => self.register((t, k, n)),
            Step::RegisterMany(t, k, n) => {
                (k..=k.saturating_add(90)).for_each(|k| self.register((t, k, n)))
            }
            Step::Delete(t, k, n) => self.delete((t, k, n)),
            Step::DeleteMany(t, k, n) => {
                (k..=k.saturating_add(90)).for_each(|k| self.delete((t, k, n)))
            }
            Step::Pop(t, max) => self.pop(t, max),
            Step::Freeze(complete) => self.freeze(complete),
        }
        assert_eq!(self.queue.len(), self.model.len());
        assert_eq!(self.queue.next_time(), self.model.first().map(|x| x.0));
    }
}

proptest! {
    #[test]
    fn each_timer_fires_once_in_order_of_time_and_snapshots_have_it_until_then(steps in steps()) {
        let mut job = Job::default();
        for step in &steps {
            job.step(step);
        }
        job.freeze(true);
        job.pop(i64::MAX, usize::MAX);
        job.freeze(false);
    }
}

#[test]
fn a_restored_timer_that_fires_is_told_to_the_next_snapshot() {
    let mut queue = TimerQueue::default();
    queue.restore(5, b"key", b"");
    assert_eq!(queue.pop_due(9, 10).len(), 1);
    let frozen = queue.freeze(0);
    let changes = frozen.changes(Some(0), 16);
    assert_eq!(changes.len(), 1);
    assert!(!changes[0].added);
    assert!(frozen.changes(None, 16).is_empty());
}

#[test]
fn a_queue_whose_timers_come_and_go_needs_no_more_room_than_its_timers() {
    let mut queue = TimerQueue::default();
    for n in 0..100_000u32 {
        // One of 50 stays, as with a timer that is moved with every record and one that is not.
        let key = n.to_le_bytes();
        queue.register(i64::from(n % 7), &key, b"");
        if n % 50 != 0 {
            assert!(queue.delete(i64::from(n % 7), &key, b""));
        }
    }
    assert_eq!(queue.len(), 2000);
    let room = queue.blocks.allocated_timers();
    assert!(room <= 4 * 2000 + 16 * BLOCK_TIMERS, "{room} places");
    let listed: usize = queue
        .buckets
        .values()
        .map(|bucket| bucket.timers.len())
        .sum();
    assert!(listed <= 2 * 2000 + 7 * 64, "{listed} listed");
}
