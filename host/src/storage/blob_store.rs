//! Snapshot files over an object store, below `shared/`, named by their content, the run that wrote them and a number:
//! a reader knows what it must find, and no name is ever given twice. A file that is not named by any checkpoint can
//! therefore be deleted at any time without harm to one that is being written.
//!
//! Called on storage threads and while a task opens, never on an async thread: it waits for the store.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::Path as LocalPath;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dataflow::port::blob::{BlobError, BlobRef, BlobStore};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload};
use tokio::runtime::Handle;

/// The most of a file that is in memory on its way to the store (bytes).
const PART_BYTES: u64 = 8 << 20;

/// A piece of a blob as it comes from the store.
type Chunk = object_store::Result<bytes::Bytes>;

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

    /// A blob of this content that has no bytes yet.
    fn named(&self, role: &str, hash: [u8; 32], size_bytes: u64) -> BlobRef {
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        BlobRef {
            name: format!("shared/{}-{}.{number}", hex(&hash), self.run),
            role: role.to_owned(),
            size_bytes,
            hash,
        }
    }

    /// Writes a file part by part.
    async fn upload(&self, file: &mut File, name: &str) -> Result<(), BlobError> {
        let mut upload = self
            .store
            .put_multipart(&Path::from(name))
            .await
            .map_err(|error| Self::fail("write", name, error))?;
        let sent = async {
            loop {
                let mut part = Vec::new();
                let read = file.take(PART_BYTES).read_to_end(&mut part);
                if read.map_err(|error| Self::fail("read", name, error))? == 0 {
                    let done = upload.complete().await;
                    return done.map_err(|error| Self::fail("write", name, error));
                }
                let sent = upload.put_part(PutPayload::from(part)).await;
                sent.map_err(|error| Self::fail("write", name, error))?;
            }
        };
        match sent.await {
            Ok(_) => Ok(()),
            Err(error) => {
                // What was sent so far has no name; that it could not be given up changes nothing.
                let _ = upload.abort().await;
                Err(error)
            }
        }
    }

    async fn open(&self, blob: &BlobRef) -> Result<BoxStream<'static, Chunk>, BlobError> {
        match self.store.get(&Path::from(blob.name.as_str())).await {
            Ok(found) => Ok(found.into_stream()),
            Err(object_store::Error::NotFound { .. }) => Err(BlobError::Missing(blob.name.clone())),
            Err(error) => Err(Self::fail("read", &blob.name, error)),
        }
    }

    /// Reads a blob chunk by chunk and checks size and hash.
    fn read(
        &self,
        blob: &BlobRef,
        mut each: impl FnMut(&[u8]) -> Result<(), BlobError>,
    ) -> Result<(), BlobError> {
        let (mut size, mut hash) = (0, blake3::Hasher::new());
        self.runtime.block_on(async {
            let mut chunks = self.open(blob).await?;
            while let Some(chunk) = chunks.next().await {
                let chunk = chunk.map_err(|error| Self::fail("read", &blob.name, error))?;
                size += chunk.len() as u64;
                hash.update(&chunk);
                each(&chunk)?;
            }
            Ok(())
        })?;
        let damaged = |reason: String| BlobError::Damaged {
            name: blob.name.clone(),
            reason,
        };
        if size != blob.size_bytes {
            let wanted = blob.size_bytes;
            return Err(damaged(format!("{size} bytes instead of {wanted}")));
        }
        if *hash.finalize().as_bytes() != blob.hash {
            return Err(damaged("its hash is not the recorded one".to_owned()));
        }
        Ok(())
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
        let blob = self.named(role, *blake3::hash(&data).as_bytes(), data.len() as u64);
        let path = Path::from(blob.name.as_str());
        let put = self.store.put(&path, PutPayload::from(data));
        let put = self.runtime.block_on(put);
        put.map_err(|error| Self::fail("write", &blob.name, error))?;
        Ok(blob)
    }

    fn put_file(&self, role: &str, path: &LocalPath) -> Result<BlobRef, BlobError> {
        let unread = |error| Self::fail("read", &path.to_string_lossy(), error);
        let mut file = File::open(path).map_err(unread)?;
        let size = file.metadata().map_err(unread)?.len();
        if size <= PART_BYTES {
            let mut data = Vec::new();
            file.read_to_end(&mut data).map_err(unread)?;
            return self.put(role, data);
        }
        // Its name has its hash in it, so it is read twice.
        let mut hash = blake3::Hasher::new();
        hash.update_reader(&mut file).map_err(unread)?;
        file.rewind().map_err(unread)?;
        let blob = self.named(role, *hash.finalize().as_bytes(), size);
        self.runtime.block_on(self.upload(&mut file, &blob.name))?;
        Ok(blob)
    }

    fn get(&self, blob: &BlobRef) -> Result<Vec<u8>, BlobError> {
        let mut data = Vec::with_capacity(blob.size_bytes.min(PART_BYTES) as usize);
        self.read(blob, |chunk| {
            data.extend_from_slice(chunk);
            Ok(())
        })?;
        Ok(data)
    }

    fn get_file(&self, blob: &BlobRef, path: &LocalPath) -> Result<(), BlobError> {
        let unwritten = |error| Self::fail("write", &path.to_string_lossy(), error);
        let mut file = File::create(path).map_err(unwritten)?;
        self.read(blob, |chunk| file.write_all(chunk).map_err(unwritten))
    }
}

#[cfg(test)]
mod tests;
