//! What the tests of both backends share: a blob store in memory, specs, and short forms of the port's calls.

mod faults;
mod model;
mod promises;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use dataflow::element::Column;
use dataflow::ids::{CheckpointId, StateNumber};
use dataflow::key_group::KeyGroupRange;
use dataflow::port::blob::{BlobError, BlobRef, BlobStore};
use dataflow::port::state::{
    Addresses, BackendSpec, Found, Scanned, SnapshotHandle, StateBackend, StateBackendFactory,
    StateError, StateKind, StateSpec,
};
use dataflow::time::frozen_timers::FrozenTimers;

/// Key groups of every test job.
pub(crate) const MAX_PARALLELISM: u32 = 16;

/// Blobs in memory. Checks size and hash when it reads, unless a test turned that off to reach the formats' own checks.
#[derive(Debug, Default)]
pub(crate) struct MemoryStore {
    blobs: Mutex<BTreeMap<String, Vec<u8>>>,
    /// Bytes stored anew.
    pub(crate) written_bytes: AtomicU64,
    /// Puts that will fail from now on.
    pub(crate) failing_puts: AtomicU64,
    /// Whether damage is handed out.
    pub(crate) trusting: std::sync::atomic::AtomicBool,
}

impl MemoryStore {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Replaces the content of a blob.
    pub(crate) fn damage(&self, blob: &BlobRef, change: impl FnOnce(&mut Vec<u8>)) {
        change(self.blobs.lock().unwrap().get_mut(&blob.name).unwrap());
    }

    pub(crate) fn bytes(&self, blob: &BlobRef) -> Vec<u8> {
        self.blobs.lock().unwrap()[&blob.name].clone()
    }
}

impl BlobStore for MemoryStore {
    fn put(&self, role: &str, data: Vec<u8>) -> Result<BlobRef, BlobError> {
        let hash = *blake3::hash(&data).as_bytes();
        let name = format!("shared/{}", blake3::Hash::from(hash).to_hex());
        let failing = self.failing_puts.load(Ordering::SeqCst);
        if failing > 0 {
            self.failing_puts.store(failing - 1, Ordering::SeqCst);
            return Err(BlobError::Store {
                action: "write",
                name,
                reason: "the test says no".to_owned(),
            });
        }
        let size_bytes = data.len() as u64;
        self.written_bytes.fetch_add(size_bytes, Ordering::SeqCst);
        self.blobs.lock().unwrap().insert(name.clone(), data);
        Ok(BlobRef {
            name,
            role: role.to_owned(),
            size_bytes,
            hash,
        })
    }

    fn put_file(&self, role: &str, path: &Path) -> Result<BlobRef, BlobError> {
        let data = std::fs::read(path).map_err(|error| BlobError::Store {
            action: "read",
            name: path.display().to_string(),
            reason: error.to_string(),
        })?;
        self.put(role, data)
    }

    fn get(&self, blob: &BlobRef) -> Result<Vec<u8>, BlobError> {
        let data = self.blobs.lock().unwrap().get(&blob.name).cloned();
        let data = data.ok_or_else(|| BlobError::Missing(blob.name.clone()))?;
        if !self.trusting.load(Ordering::SeqCst) && *blake3::hash(&data).as_bytes() != blob.hash {
            return Err(BlobError::Damaged {
                name: blob.name.clone(),
                reason: "the hash differs".to_owned(),
            });
        }
        Ok(data)
    }

    fn get_file(&self, blob: &BlobRef, path: &Path) -> Result<(), BlobError> {
        let data = self.get(blob)?;
        std::fs::write(path, data).map_err(|error| BlobError::Store {
            action: "write",
            name: path.display().to_string(),
            reason: error.to_string(),
        })
    }
}

/// A backend under test with what it needs to live.
pub(crate) struct Rig {
    pub(crate) factory: Box<dyn StateBackendFactory>,
    pub(crate) store: Arc<MemoryStore>,
    dirs: tempfile::TempDir,
    opened: AtomicU64,
    pub(crate) managed_memory_bytes: u64,
}

/// State 0 is a Value, 1 a List, 2 a Map.
pub(crate) fn specs() -> Vec<StateSpec> {
    [StateKind::Value, StateKind::List, StateKind::Map]
        .into_iter()
        .zip(0..)
        .map(|(kind, number)| StateSpec {
            number: StateNumber(number),
            name: format!("op/{kind:?}"),
            kind,
        })
        .collect()
}

impl Rig {
    pub(crate) fn new(factory: Box<dyn StateBackendFactory>) -> Self {
        Self {
            factory,
            store: MemoryStore::new(),
            dirs: tempfile::tempdir().unwrap(),
            opened: AtomicU64::new(0),
            managed_memory_bytes: 64 << 20,
        }
    }

    pub(crate) fn try_open(
        &self,
        states: Vec<StateSpec>,
        key_groups: KeyGroupRange,
        snapshots: &[SnapshotHandle],
    ) -> Result<Box<dyn StateBackend>, StateError> {
        let number = self.opened.fetch_add(1, Ordering::SeqCst);
        let local_dir = self.dirs.path().join(number.to_string());
        std::fs::create_dir(&local_dir).unwrap();
        let spec = BackendSpec {
            states,
            key_groups,
            max_parallelism: MAX_PARALLELISM,
            local_dir,
            managed_memory_bytes: self.managed_memory_bytes,
        };
        self.factory.open(
            spec,
            snapshots,
            Arc::clone(&self.store) as Arc<dyn BlobStore>,
        )
    }

    pub(crate) fn open(&self, snapshots: &[SnapshotHandle]) -> Box<dyn StateBackend> {
        let all = KeyGroupRange::all(MAX_PARALLELISM);
        self.try_open(specs(), all, snapshots).unwrap()
    }

    /// A written and completed checkpoint.
    pub(crate) fn checkpoint(&self, backend: &mut dyn StateBackend, id: u64) -> SnapshotHandle {
        let pending = backend
            .snapshot(CheckpointId(id), FrozenTimers::default())
            .unwrap();
        let handle = pending.write(self.store.as_ref()).unwrap();
        backend.checkpoint_completed(CheckpointId(id));
        handle
    }
}

/// The backends that every promise is checked for.
pub(crate) fn rigs() -> Vec<Rig> {
    let mut starved = Rig::new(Box::new(crate::RocksdbBackendFactory::default()));
    starved.managed_memory_bytes = 200_000;
    vec![
        Rig::new(Box::new(crate::HeapBackendFactory::new())),
        Rig::new(Box::new(crate::RocksdbBackendFactory::default())),
        starved,
    ]
}

pub(crate) const VALUE: StateNumber = StateNumber(0);
pub(crate) const LIST: StateNumber = StateNumber(1);
pub(crate) const MAP: StateNumber = StateNumber(2);

fn columns(addresses: &[(&[u8], &[u8])]) -> (Column, Column) {
    (
        Column::from_entries(addresses.iter().map(|(key, _)| *key)),
        Column::from_entries(addresses.iter().map(|(_, sub_key)| *sub_key)),
    )
}

/// The port's calls with one address.
pub(crate) trait Single {
    fn put(&mut self, state: StateNumber, key: &[u8], sub_key: &[u8], value: &[u8]);
    fn append(&mut self, state: StateNumber, key: &[u8], sub_key: &[u8], value: &[u8]);
    fn remove(&mut self, state: StateNumber, key: &[u8], sub_key: &[u8]);
    fn read(&mut self, state: StateNumber, key: &[u8], sub_key: &[u8]) -> Option<Vec<u8>>;
    fn page(&mut self, key: &[u8], from: &[u8], limit: u32) -> Scanned;
    fn all(&mut self, state: StateNumber) -> BTreeMap<(Vec<u8>, Vec<u8>), Vec<u8>>;
}

impl Single for dyn StateBackend + '_ {
    fn put(&mut self, state: StateNumber, key: &[u8], sub_key: &[u8], value: &[u8]) {
        let (keys, sub_keys) = columns(&[(key, sub_key)]);
        let addresses = Addresses {
            count: 1,
            keys: &keys,
            sub_keys: &sub_keys,
        };
        self.put_many(state, addresses, &Column::fixed(value.to_vec()))
            .unwrap();
    }

    fn append(&mut self, state: StateNumber, key: &[u8], sub_key: &[u8], value: &[u8]) {
        let (keys, sub_keys) = columns(&[(key, sub_key)]);
        let addresses = Addresses {
            count: 1,
            keys: &keys,
            sub_keys: &sub_keys,
        };
        self.append_many(state, addresses, &Column::fixed(value.to_vec()))
            .unwrap();
    }

    fn remove(&mut self, state: StateNumber, key: &[u8], sub_key: &[u8]) {
        let (keys, sub_keys) = columns(&[(key, sub_key)]);
        let addresses = Addresses {
            count: 1,
            keys: &keys,
            sub_keys: &sub_keys,
        };
        self.delete_many(state, addresses).unwrap();
    }

    fn read(&mut self, state: StateNumber, key: &[u8], sub_key: &[u8]) -> Option<Vec<u8>> {
        let (keys, sub_keys) = columns(&[(key, sub_key)]);
        let addresses = Addresses {
            count: 1,
            keys: &keys,
            sub_keys: &sub_keys,
        };
        let mut found = Found::default();
        self.get_many(state, addresses, &mut found).unwrap();
        assert_eq!(found.present.len(), 1);
        (found.present[0] == 1).then(|| found.values.get(0, 1).to_vec())
    }

    fn page(&mut self, key: &[u8], from: &[u8], limit: u32) -> Scanned {
        self.scan(MAP, key, from, limit).unwrap()
    }

    fn all(&mut self, state: StateNumber) -> BTreeMap<(Vec<u8>, Vec<u8>), Vec<u8>> {
        let mut all = BTreeMap::new();
        self.visit(state, &mut |key, sub_key, value| {
            let before = all.insert((key.to_vec(), sub_key.to_vec()), value.to_vec());
            assert_eq!(before, None, "an entry was visited twice");
        })
        .unwrap();
        all
    }
}
