//! Single promises of the port, for every backend.

use dataflow::element::Column;
use dataflow::ids::{CheckpointId, StateNumber};
use dataflow::key_group::{KeyGroupRange, range_of_subtask};
use dataflow::port::call::{Call, Timers};
use dataflow::port::state::{Addresses, Found, SnapshotHandle, StateError, StateKind, StateSpec};
use dataflow::time::frozen_timers::FrozenTimers;
use dataflow::time::timer::{TimeDomain, parse_timer_sub_key};
use dataflow::time::timer_queue::TimerQueue;

use super::{LIST, MAP, MAX_PARALLELISM, Single, VALUE, rigs, specs};

#[test]
fn writes_after_a_snapshot_do_not_show_in_it() {
    for rig in rigs() {
        let mut backend = rig.open(&[]);
        for n in 0..2000u64 {
            backend.put(VALUE, &n.to_le_bytes(), b"", &n.to_le_bytes());
        }
        backend.append(LIST, b"list", b"", b"before");
        backend.put(MAP, b"map", b"before", b"1");
        let pending = backend
            .snapshot(CheckpointId(1), FrozenTimers::default())
            .unwrap();
        let expect = [VALUE, LIST, MAP].map(|_| ());
        assert_eq!(expect.len(), 3);
        for n in 0..2000u64 {
            backend.put(VALUE, &n.to_le_bytes(), b"", b"changed!");
        }
        backend.append(LIST, b"list", b"", b"after");
        backend.put(MAP, b"map", b"after", b"2");
        backend.remove(MAP, b"map", b"before");
        let store = rig.store.as_ref();
        let handle = std::thread::scope(|scope| {
            let writing = scope.spawn(|| pending.write(store).unwrap());
            // The task goes on while the snapshot is written.
            for n in 0..2000u64 {
                backend.put(VALUE, &n.to_le_bytes(), b"", b"again");
            }
            writing.join().unwrap()
        });
        let mut restored = rig.open(&[handle]);
        for n in 0..2000u64 {
            let value = restored.read(VALUE, &n.to_le_bytes(), b"");
            assert_eq!(value.as_deref(), Some(&n.to_le_bytes()[..]));
        }
        let list = restored.read(LIST, b"list", b"");
        assert_eq!(list.as_deref(), Some(&b"\x06\0\0\0before"[..]));
        assert_eq!(restored.page(b"map", b"", 10).count, 1);
        assert_eq!(backend.read(MAP, b"map", b"before"), None);
        let list = backend.read(LIST, b"list", b"");
        assert_eq!(
            list.as_deref(),
            Some(&b"\x06\0\0\0before\x05\0\0\0after"[..])
        );
    }
}

#[test]
fn a_list_reads_back_as_framed_elements_in_order_however_long_it_grows() {
    for rig in rigs() {
        let mut backend = rig.open(&[]);
        let mut expect = Vec::new();
        for n in 0..3000u32 {
            let element = vec![n as u8; (n % 7) as usize];
            expect.extend_from_slice(&(element.len() as u32).to_le_bytes());
            expect.extend_from_slice(&element);
            backend.append(LIST, b"key", b"ns", &element);
            if n % 1000 == 500 {
                rig.checkpoint(backend.as_mut(), u64::from(n));
            }
        }
        assert_eq!(backend.read(LIST, b"key", b"ns"), Some(expect.clone()));
        let handle = rig.checkpoint(backend.as_mut(), 9999);
        let mut restored = rig.open(&[handle]);
        assert_eq!(restored.read(LIST, b"key", b"ns"), Some(expect));
        assert_eq!(restored.read(LIST, b"key", b""), None);
    }
}

#[test]
fn a_map_of_any_size_is_read_page_by_page_in_order() {
    for rig in rigs() {
        let mut backend = rig.open(&[]);
        for n in (0..5000u32).rev() {
            backend.put(MAP, b"big", &n.to_be_bytes(), &n.to_le_bytes());
        }
        backend.put(MAP, b"other", b"x", b"y");
        let handle = rig.checkpoint(backend.as_mut(), 1);
        for n in (0..5000u32).step_by(2) {
            backend.remove(MAP, b"big", &n.to_be_bytes());
        }
        let second = rig.checkpoint(backend.as_mut(), 2);
        let mut earlier = rig.open(&[handle]);
        assert_eq!(earlier.all(MAP).len(), 5001);
        for mut backend in [backend, rig.open(&[second])] {
            let (mut next, mut seen) = (Vec::new(), Vec::new());
            loop {
                let page = backend.page(b"big", &next, 333);
                for index in 0..page.count {
                    seen.push(page.sub_keys.get(index, page.count).to_vec());
                }
                if !page.more {
                    break;
                }
                next = seen.last().unwrap().clone();
                next.push(0);
            }
            let expect: Vec<Vec<u8>> = (0..2500u32)
                .map(|n| (2 * n + 1).to_be_bytes().to_vec())
                .collect();
            assert_eq!(seen, expect);
        }
    }
}

#[test]
fn clear_many_empties_keys_for_good() {
    for rig in rigs() {
        for count in [3u32, 3000] {
            let mut backend = rig.open(&[]);
            for n in 0..count {
                backend.put(MAP, b"key", &n.to_be_bytes(), b"v");
                backend.put(MAP, b"kez", &n.to_be_bytes(), b"v");
            }
            rig.checkpoint(backend.as_mut(), 1);
            let key = Column::fixed(b"key".to_vec());
            backend.clear_many(MAP, 1, &key).unwrap();
            assert_eq!(backend.page(b"key", b"", 10).count, 0);
            assert_eq!(backend.read(MAP, b"key", &0u32.to_be_bytes()), None);
            backend.put(MAP, b"key", b"new", b"v");
            let handle = rig.checkpoint(backend.as_mut(), 2);
            let mut restored = rig.open(&[handle]);
            assert_eq!(restored.page(b"key", b"", 10).count, 1);
            assert_eq!(restored.all(MAP).len(), count as usize + 1);
        }
    }
}

#[test]
fn a_state_that_changed_its_kind_is_refused_by_name() {
    for rig in rigs() {
        let mut backend = rig.open(&[]);
        backend.put(VALUE, b"key", b"", b"value");
        let handle = rig.checkpoint(backend.as_mut(), 1);
        drop(backend);
        let mut states = specs();
        states[0].kind = StateKind::List;
        let all = KeyGroupRange::all(MAX_PARALLELISM);
        let error = rig.try_open(states, all, &[handle]).err().unwrap();
        assert!(
            matches!(&error, StateError::KindChanged { name, .. } if name == "op/Value"),
            "{error}"
        );
    }
}

#[test]
fn a_state_that_is_no_longer_declared_is_dropped_and_a_new_one_is_empty() {
    for rig in rigs() {
        let mut backend = rig.open(&[]);
        backend.put(VALUE, b"key", b"", b"value");
        backend.put(MAP, b"key", b"s", b"value");
        let handle = rig.checkpoint(backend.as_mut(), 1);
        let mut states = specs();
        states[0].name = "op/new".to_owned();
        let all = KeyGroupRange::all(MAX_PARALLELISM);
        let mut restored = rig.try_open(states, all, &[handle]).unwrap();
        assert_eq!(restored.read(VALUE, b"key", b""), None);
        assert_eq!(
            restored.read(MAP, b"key", b"s").as_deref(),
            Some(&b"value"[..])
        );
        let handle = rig.checkpoint(restored.as_mut(), 2);
        let mut again = rig.open(&[handle]);
        assert!(again.all(VALUE).is_empty());
        assert_eq!(again.all(MAP).len(), 1);
    }
}

#[test]
fn calls_that_do_not_fit_the_kind_or_the_declaration_are_refused() {
    for rig in rigs() {
        let mut backend = rig.open(&[]);
        let empty = Column::default();
        let addresses = Addresses {
            count: 0,
            keys: &empty,
            sub_keys: &empty,
        };
        let unknown = backend.get_many(StateNumber(9), addresses, &mut Found::default());
        assert!(matches!(unknown, Err(StateError::UnknownState(_))));
        let append = backend.append_many(VALUE, addresses, &empty);
        assert!(matches!(append, Err(StateError::WrongKind { .. })));
        let scan = backend.scan(VALUE, b"", b"", 1);
        assert!(matches!(scan, Err(StateError::WrongKind { .. })));
    }
}

#[test]
fn an_unchanged_state_costs_next_to_nothing_to_save_again() {
    for rig in rigs() {
        let mut backend = rig.open(&[]);
        for n in 0..20_000u64 {
            backend.put(VALUE, &n.to_le_bytes(), b"", &n.to_le_bytes());
        }
        rig.checkpoint(backend.as_mut(), 1);
        let full = written(&rig);
        rig.checkpoint(backend.as_mut(), 2);
        backend.put(VALUE, &7u64.to_le_bytes(), b"", b"changed!");
        let handle = rig.checkpoint(backend.as_mut(), 3);
        let further = written(&rig) - full;
        assert!(further < full / 4, "{further} bytes after {full}");
        let mut restored = rig.open(&[handle]);
        let value = restored.read(VALUE, &7u64.to_le_bytes(), b"");
        assert_eq!(value.as_deref(), Some(&b"changed!"[..]));
        assert_eq!(restored.all(VALUE).len(), 20_000);
    }
}

fn written(rig: &super::Rig) -> u64 {
    rig.store
        .written_bytes
        .load(std::sync::atomic::Ordering::SeqCst)
}

#[test]
fn timers_return_as_the_last_snapshot_has_them_also_at_another_parallelism() {
    let timers = |states: &mut Vec<StateSpec>| {
        states.push(StateSpec {
            number: TimeDomain::Event.state(),
            name: TimeDomain::Event.state_name().to_owned(),
            kind: StateKind::Value,
        });
    };
    for rig in rigs() {
        let mut states = specs();
        timers(&mut states);
        let open = |range, handles: &[SnapshotHandle]| {
            let backend = rig.try_open(states.clone(), range, handles).unwrap();
            let mut queue = TimerQueue::default();
            let mut call = Call::keyed(backend, range, MAX_PARALLELISM, Timers::default());
            let restore = &mut |key: &[u8], sub_key: &[u8], _: &[u8]| {
                let (time, namespace) = parse_timer_sub_key(sub_key).unwrap();
                queue.restore(time, key, namespace);
            };
            let backend = call.backend().unwrap();
            backend.take_timers(TimeDomain::Event, restore).unwrap();
            call.timers().event = queue;
            call
        };
        let all = KeyGroupRange::all(MAX_PARALLELISM);
        let mut task = open(all, &[]);
        let mut handles = Vec::new();
        let key = |n: u32| n.to_le_bytes();
        for checkpoint in 1..=4u32 {
            let queue = &mut task.timers().event;
            for n in 0..500 {
                queue.register(i64::from(checkpoint), &key(n), b"ns");
            }
            // What an earlier snapshot has goes, and some of it comes back.
            queue.pop_due(i64::from(checkpoint) - 1, 400);
            queue.register(1, &key(checkpoint), b"again");
            let id = CheckpointId(u64::from(checkpoint));
            let pending = task.snapshot(id).unwrap().unwrap();
            handles = vec![pending.write(rig.store.as_ref()).unwrap()];
            if checkpoint != 3 {
                task.backend().unwrap().checkpoint_completed(id);
            }
        }
        let expect = all_due(&mut task.timers().event);
        assert!(expect.len() > 500);
        let mut found = Vec::new();
        for subtask in 0..3 {
            let range = range_of_subtask(subtask, MAX_PARALLELISM, 3);
            found.extend(all_due(&mut open(range, &handles).timers().event));
        }
        found.sort();
        assert!(
            found == expect,
            "{} instead of {}",
            found.len(),
            expect.len()
        );
    }
}

fn all_due(queue: &mut TimerQueue) -> Vec<(i64, Vec<u8>, Vec<u8>)> {
    let due = queue.pop_due(i64::MAX, usize::MAX);
    let mut all: Vec<_> = (0..due.len())
        .map(|index| due.get(index))
        .map(|(time, key, namespace)| (time, key.to_vec(), namespace.to_vec()))
        .collect();
    all.sort();
    all
}
