//! Snapshot files over an object store, below `shared/`, named by their content, the run that wrote them and a number:
//! a reader knows what it must find, and no name is ever given twice. A file that is not named by any checkpoint can
//! therefore be deleted at any time without harm to one that is being written.
//!
//! Called on storage threads and while a task opens, never on an async thread: it waits for the store.

use std::path::Path as LocalPath;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dataflow::port::blob::{BlobError, BlobRef, BlobStore};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use tokio::runtime::Handle;

/// Files of snapshots in an object store.
pub(crate) struct ObjectBlobStore {
    store: Arc<dyn ObjectStore>,
    runtime: Handle,
    run: String,
    written: Arc<AtomicU64>,
}

impl ObjectBlobStore {
    /// Blobs below the root of `store`; calls wait on `runtime`. What is written is named after a run that nobody else
    /// has, and the number of files that it has `written`.
    pub(crate) fn new(
        store: Arc<dyn ObjectStore>,
        runtime: Handle,
        run: String,
        written: Arc<AtomicU64>,
    ) -> Self {
        Self {
            store,
            runtime,
            run,
            written,
        }
    }

    /// Blobs in a directory, made if need be, that nobody reads after this process; a loss of power may cost them.
    ///
    /// # Errors
    /// The directory cannot be made; a text.
    pub(crate) fn scratch(dir: &LocalPath, runtime: Handle) -> Result<Arc<dyn BlobStore>, String> {
        std::fs::create_dir_all(dir).map_err(|error| error.to_string())?;
        let local = LocalFileSystem::new_with_prefix(dir).map_err(|error| error.to_string())?;
        let store: Arc<dyn ObjectStore> = Arc::new(local);
        Ok(Arc::new(Self::reader(store, runtime)))
    }

    /// Blobs that are only read.
    pub(crate) fn reader(store: Arc<dyn ObjectStore>, runtime: Handle) -> Self {
        Self::new(store, runtime, String::new(), Arc::default())
    }

    fn fail(action: &'static str, name: &str, reason: impl std::fmt::Display) -> BlobError {
        BlobError::Store {
            action,
            name: name.to_owned(),
            reason: reason.to_string(),
        }
    }

    fn store_bytes(&self, role: &str, data: Vec<u8>) -> Result<BlobRef, BlobError> {
        let hash = *blake3::hash(&data).as_bytes();
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let name = format!("shared/{}-{}.{number}", hex(&hash), self.run);
        let blob = BlobRef {
            name,
            role: role.to_owned(),
            size_bytes: data.len() as u64,
            hash,
        };
        let path = Path::from(blob.name.as_str());
        self.runtime.block_on(async {
            let payload = PutPayload::from(data);
            let put = self.store.put(&path, payload).await;
            put.map(|_| ())
                .map_err(|error| Self::fail("write", &blob.name, error))
        })?;
        Ok(blob)
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads what [`hex`] wrote.
///
/// # Errors
/// It is not hexadecimal; a text.
pub(crate) fn unhex(text: &str) -> Result<Vec<u8>, String> {
    let digit = |at: usize| {
        let pair = text
            .get(2 * at..2 * at + 2)
            .ok_or("an odd number of hexadecimal digits")?;
        u8::from_str_radix(pair, 16).map_err(|_| format!("\"{pair}\" is not hexadecimal"))
    };
    (0..text.len().div_ceil(2)).map(digit).collect()
}

impl BlobStore for ObjectBlobStore {
    fn put(&self, role: &str, data: Vec<u8>) -> Result<BlobRef, BlobError> {
        self.store_bytes(role, data)
    }

    fn put_file(&self, role: &str, path: &LocalPath) -> Result<BlobRef, BlobError> {
        let data =
            std::fs::read(path).map_err(|e| Self::fail("read", &path.to_string_lossy(), e))?;
        self.store_bytes(role, data)
    }

    fn get(&self, blob: &BlobRef) -> Result<Vec<u8>, BlobError> {
        let path = Path::from(blob.name.as_str());
        let read = self
            .runtime
            .block_on(async { self.store.get(&path).await?.bytes().await });
        let data = match read {
            Ok(data) => Vec::from(data),
            Err(object_store::Error::NotFound { .. }) => {
                return Err(BlobError::Missing(blob.name.clone()));
            }
            Err(error) => return Err(Self::fail("read", &blob.name, error)),
        };
        let damaged = |reason: String| BlobError::Damaged {
            name: blob.name.clone(),
            reason,
        };
        if data.len() as u64 != blob.size_bytes {
            return Err(damaged(format!(
                "{} bytes instead of {}",
                data.len(),
                blob.size_bytes
            )));
        }
        if *blake3::hash(&data).as_bytes() != blob.hash {
            return Err(damaged("its hash is not the recorded one".to_owned()));
        }
        Ok(data)
    }

    fn get_file(&self, blob: &BlobRef, path: &LocalPath) -> Result<(), BlobError> {
        let data = self.get(blob)?;
        std::fs::write(path, data).map_err(|e| Self::fail("write", &path.to_string_lossy(), e))
    }
}
