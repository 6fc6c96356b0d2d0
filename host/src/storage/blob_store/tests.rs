//! Files that go to the store in parts come back whole, or not at all.

use std::path::PathBuf;
use std::sync::Arc;

use dataflow::port::blob::{BlobError, BlobStore};
use object_store::local::LocalFileSystem;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::{ObjectBlobStore, PART_BYTES};

struct Fixture {
    runtime: Runtime,
    dir: TempDir,
}

impl Fixture {
    fn new() -> Self {
        Self {
            runtime: Runtime::new().expect("a runtime"),
            dir: TempDir::new().expect("a directory"),
        }
    }

    fn store(&self) -> ObjectBlobStore {
        let local = LocalFileSystem::new_with_prefix(self.dir.path()).expect("a store");
        let handle = self.runtime.handle().clone();
        ObjectBlobStore::new(Arc::new(local), handle, "run".to_owned(), Arc::default())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

/// Bytes of which no part is like another.
fn noise(len: u64) -> Vec<u8> {
    let words = (0..len.div_ceil(8)).map(|at| at.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mut bytes: Vec<u8> = words.flat_map(u64::to_le_bytes).collect();
    bytes.truncate(len as usize);
    bytes
}

#[test]
fn files_around_the_size_of_a_part_come_back_whole() {
    let fixture = Fixture::new();
    let store = fixture.store();
    for len in [
        0,
        1,
        PART_BYTES - 1,
        PART_BYTES,
        PART_BYTES + 1,
        2 * PART_BYTES,
        2 * PART_BYTES + 3,
    ] {
        let bytes = noise(len);
        std::fs::write(fixture.file("from"), &bytes).expect("a file");
        let blob = store
            .put_file("data", &fixture.file("from"))
            .expect("stored");
        assert_eq!(blob.size_bytes, len);
        assert_eq!(blob.hash, *blake3::hash(&bytes).as_bytes());
        assert!(store.get(&blob).expect("read") == bytes, "{len} bytes");
        store.get_file(&blob, &fixture.file("to")).expect("read");
        let read = std::fs::read(fixture.file("to")).expect("a file");
        assert!(read == bytes, "{len} bytes, as a file");
    }
}

#[test]
fn a_large_file_that_is_damaged_is_named() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let bytes = noise(PART_BYTES + 5);
    std::fs::write(fixture.file("from"), &bytes).expect("a file");
    let blob = store
        .put_file("data", &fixture.file("from"))
        .expect("stored");
    let stored = fixture.file(&blob.name);
    let mut changed = bytes.clone();
    changed[PART_BYTES as usize + 1] ^= 1;
    for damaged in [&changed, &bytes[..bytes.len() - 1].to_vec()] {
        std::fs::write(&stored, damaged).expect("a file");
        let error = store.get_file(&blob, &fixture.file("to")).err();
        let named = matches!(&error, Some(BlobError::Damaged { name, .. }) if *name == blob.name);
        assert!(named, "{error:?}");
    }
    std::fs::remove_file(&stored).expect("gone");
    let error = store.get(&blob).err();
    assert!(matches!(error, Some(BlobError::Missing(_))), "{error:?}");
}
