//! Damaged files and refusing stores: found, named, and survived.

use std::sync::atomic::Ordering;

use dataflow::ids::CheckpointId;
use dataflow::key_group::{KeyGroupRange, key_group};
use dataflow::port::state::{SnapshotHandle, StateError};
use dataflow::time::frozen_timers::FrozenTimers;
use proptest::prelude::*;

use super::{LIST, MAP, MAX_PARALLELISM, Rig, Single, VALUE, rigs, specs};
use crate::snapshot::writer::SnapshotWriter;
use crate::snapshot::{FileHeader, Op};

fn saved(rig: &Rig) -> SnapshotHandle {
    let mut backend = rig.open(&[]);
    for n in 0..50u64 {
        backend.put(VALUE, &n.to_le_bytes(), b"", &n.to_le_bytes());
        backend.append(LIST, &n.to_le_bytes(), b"", b"element");
        backend.put(MAP, &n.to_le_bytes(), b"sub", b"value");
    }
    rig.checkpoint(backend.as_mut(), 1)
}

fn open_error(rig: &Rig, handle: &SnapshotHandle) -> Option<StateError> {
    let all = KeyGroupRange::all(MAX_PARALLELISM);
    rig.try_open(specs(), all, std::slice::from_ref(handle))
        .err()
}

#[test]
fn a_snapshot_with_a_damaged_or_missing_file_is_refused_by_name() {
    for rig in rigs() {
        let handle = saved(&rig);
        for file in &handle.files {
            let good = rig.store.bytes(file);
            for at in [0, good.len() / 2, good.len() - 1] {
                rig.store.damage(file, |bytes| bytes[at] ^= 1);
                let error = open_error(&rig, &handle).unwrap();
                assert!(
                    matches!(&error, StateError::Corrupt { name, .. } if *name == file.name),
                    "{error}"
                );
                rig.store.damage(file, |bytes| bytes[at] ^= 1);
            }
            let mut missing = handle.clone();
            let at = handle.files.iter().position(|f| f == file).unwrap();
            missing.files[at].name.push('x');
            assert!(matches!(
                open_error(&rig, &missing),
                Some(StateError::Corrupt { .. })
            ));
        }
        assert!(open_error(&rig, &handle).is_none());
    }
}

#[test]
fn heap_files_check_themselves_at_every_byte_and_every_length() {
    let rig = Rig::new(Box::new(crate::HeapBackendFactory::new()));
    rig.store.trusting.store(true, Ordering::SeqCst);
    let handle = saved(&rig);
    let file = &handle.files[0];
    let good = rig.store.bytes(file);
    for at in 0..good.len() {
        rig.store.damage(file, |bytes| bytes[at] ^= 0x10);
        let error = open_error(&rig, &handle);
        assert!(
            matches!(error, Some(StateError::Corrupt { .. })),
            "byte {at}"
        );
        rig.store.damage(file, |bytes| bytes[at] ^= 0x10);
    }
    for length in 0..good.len() {
        rig.store.damage(file, |bytes| bytes.truncate(length));
        let error = open_error(&rig, &handle);
        assert!(
            matches!(error, Some(StateError::Corrupt { .. })),
            "length {length}"
        );
        rig.store.damage(file, |bytes| bytes.clone_from(&good));
    }
    rig.store.damage(file, |bytes| bytes.push(0));
    assert!(open_error(&rig, &handle).is_some());
}

#[test]
fn a_refused_write_declines_one_checkpoint_and_loses_nothing() {
    for rig in rigs() {
        let mut backend = rig.open(&[]);
        backend.put(VALUE, b"a", b"", b"1");
        rig.checkpoint(backend.as_mut(), 1);
        backend.put(VALUE, b"b", b"", b"2");
        backend.remove(VALUE, b"a", b"");
        rig.store.failing_puts.store(1, Ordering::SeqCst);
        let pending = backend
            .snapshot(CheckpointId(2), FrozenTimers::default())
            .unwrap();
        let error = pending.write(rig.store.as_ref()).unwrap_err();
        assert!(matches!(error, StateError::Storage { .. }), "{error}");
        backend.put(VALUE, b"c", b"", b"3");
        let handle = rig.checkpoint(backend.as_mut(), 3);
        let mut restored = rig.open(&[handle]);
        let keys: Vec<Vec<u8>> = restored
            .all(VALUE)
            .into_keys()
            .map(|(key, _)| key)
            .collect();
        assert_eq!(keys, [b"b", b"c"]);
    }
}

#[test]
fn a_snapshot_of_the_other_backend_is_refused_with_advice() {
    for rig in rigs() {
        let mut handle = saved(&rig);
        handle.format = "other".to_owned();
        let error = open_error(&rig, &handle).unwrap();
        assert!(
            error.to_string().contains("written by the other backend"),
            "{error}"
        );
    }
}

/// An entry: operation, key, sub-key, value.
type Entry = (u8, Vec<u8>, Vec<u8>, Vec<u8>);

/// A file with these entries in sections that check out, as a heap snapshot.
fn forged(rig: &Rig, entries: &[(usize, Entry)]) -> SnapshotHandle {
    let states = specs();
    let header = FileHeader {
        max_parallelism: MAX_PARALLELISM,
        key_groups: KeyGroupRange::all(MAX_PARALLELISM),
        states: states.iter().map(|it| (it.name.clone(), it.kind)).collect(),
    };
    let mut writer = SnapshotWriter::new(rig.store.as_ref(), "base", &header);
    for (state, (op, key, sub_key, value)) in entries {
        let key_group = key_group(key, MAX_PARALLELISM);
        writer
            .begin((state % states.len()) as u32, key_group)
            .unwrap();
        let op = Op::of(*op).unwrap();
        writer.entry(op, key, sub_key, value).unwrap();
    }
    SnapshotHandle {
        format: "heap".to_owned(),
        key_groups: Some(header.key_groups),
        files: writer.finish().unwrap().0,
    }
}

proptest! {
    #[test]
    fn entries_that_nobody_would_write_are_refused_or_read(
        entries in prop::collection::vec(
            (
                any::<usize>(),
                (
                    0..5u8,
                    prop::collection::vec(0..3u8, 0..3),
                    prop::collection::vec(0..3u8, 0..3),
                    prop::collection::vec(any::<u8>(), 0..80),
                ),
            ),
            0..12,
        )
    ) {
        let rig = Rig::new(Box::new(crate::HeapBackendFactory::new()));
        let handle = forged(&rig, &entries);
        match open_error(&rig, &handle) {
            Some(error) => {
                let corrupt = matches!(error, StateError::Corrupt { .. });
                prop_assert!(corrupt, "{error}");
            },
            // What was taken can be looked at and saved again.
            None => {
                let mut backend = rig.open(std::slice::from_ref(&handle));
                for state in [VALUE, LIST, MAP] {
                    backend.all(state);
                }
                rig.checkpoint(backend.as_mut(), 1);
            }
        }
    }
}
