//! The file format: what is written reads back; other bytes are refused, never a panic.

use dataflow::key_group::KeyGroupRange;
use dataflow::port::state::StateKind;
use proptest::prelude::*;

use super::reader::SnapshotReader;
use super::writer::SnapshotWriter;
use super::*;
use crate::testing::MemoryStore;

fn header() -> FileHeader {
    FileHeader {
        max_parallelism: 8,
        key_groups: KeyGroupRange { start: 2, end: 6 },
        states: vec![
            ("op/a".to_owned(), StateKind::Value),
            ("op/b".to_owned(), StateKind::Map),
        ],
    }
}

fn file(entries: &[(u32, u32, Vec<u8>)]) -> Vec<u8> {
    let store = MemoryStore::new();
    let mut writer = SnapshotWriter::new(store.as_ref(), "base", &header());
    for (state, key_group, bytes) in entries {
        writer.begin(*state, *key_group).unwrap();
        writer.entry(Op::Put, bytes, b"s", bytes).unwrap();
    }
    let (files, _) = writer.finish().unwrap();
    store.bytes(&files[0])
}

type Read = Vec<(u32, u32, Vec<u8>)>;

fn read(bytes: &[u8]) -> Result<Read, dataflow::port::state::StateError> {
    let mut reader = SnapshotReader::open("file", bytes)?;
    let mut all = Vec::new();
    while let Some(section) = reader.next_section()? {
        section.entries("file", |entry| {
            all.push((section.state as u32, section.key_group, entry.key.to_vec()));
            Ok(())
        })?;
    }
    Ok(all)
}

proptest! {
    #[test]
    fn sections_read_back(
        entries in prop::collection::vec((0..2u32, 2..6u32, prop::collection::vec(any::<u8>(), 0..300)), 0..20)
    ) {
        prop_assert_eq!(read(&file(&entries)).unwrap(), entries);
    }

    #[test]
    fn any_bytes_are_refused_without_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        keep in 0..60usize,
    ) {
        let good = file(&[(0, 2, b"key".to_vec())]);
        let mixed: Vec<u8> = good[..keep.min(good.len())].iter().copied().chain(bytes).collect();
        prop_assert!(read(&mixed).is_err() || mixed == good);
    }
}

#[test]
fn the_format_of_this_version_does_not_change_unnoticed() {
    let bytes = file(&[(1, 3, b"key".to_vec())]);
    let hash = blake3::hash(&bytes).to_hex();
    assert_eq!(
        hash.as_str(),
        "221c606254fe20dda379227b1a292ef7ad2fa1de4325cb33a13875b26c62641e"
    );
}
