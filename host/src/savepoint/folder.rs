//! The place of a savepoint or of checkpoints by its name: a directory, or `s3://bucket/prefix`. One form for both: a
//! savepoint in a bucket has the files of one in a directory, is written into a directory of this machine first, and is
//! read from one.
//!
//! Keeps: the manifest is put into a bucket last, so that what has none is no savepoint there either. Blocks; not for async
//! threads.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use dataflow::port::blob::BlobStore;
use futures_util::{StreamExt, TryStreamExt};
use object_store::buffered::BufWriter;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Name;
use object_store::{Error, ObjectStore, ObjectStoreExt};
use tokio::io::AsyncWriteExt;
use tokio::runtime::Handle;

use super::bundle::{CHECKSUMS, MANIFEST, is_savepoint};
use super::error::SavepointError;
use crate::storage::blob_store::ObjectBlobStore;
use crate::storage::location::Location;
use crate::storage::s3::S3Config;

/// Bytes of one part of an upload; memory that a file takes on its way.
const PART_BYTES: usize = 8 << 20;

/// A place, opened.
pub(crate) struct Folder {
    /// Its name.
    path: PathBuf,
    bucket: Option<Arc<dyn ObjectStore>>,
    runtime: Handle,
}

impl Folder {
    /// Opens a place. Nothing is asked of a bucket yet.
    ///
    /// # Errors
    /// The name or the configuration of buckets is wrong.
    pub(crate) fn open(
        path: &Path,
        s3: &S3Config,
        runtime: &Handle,
    ) -> Result<Self, SavepointError> {
        let refused = |reason| SavepointError::file(path, "open", reason);
        let location = path.to_str().filter(|_| Location::is_remote_name(path));
        let bucket = match location.map(Location::parse).transpose().map_err(refused)? {
            Some(Location::S3 { bucket, prefix }) => {
                Some(s3.open(&bucket, &prefix).map_err(refused)?)
            }
            Some(Location::Local(_)) | None => None,
        };
        Ok(Self {
            path: path.to_owned(),
            bucket,
            runtime: runtime.clone(),
        })
    }

    fn fail(
        &self,
        name: &str,
        action: &'static str,
        reason: &dyn std::fmt::Display,
    ) -> SavepointError {
        SavepointError::file(&self.path.join(name), action, reason.to_string())
    }

    /// Reads a small file; `None` if there is none.
    ///
    /// # Errors
    /// The disk or the bucket refuses.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, SavepointError> {
        let Some(bucket) = &self.bucket else {
            return match std::fs::read(self.path.join(name)) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(self.fail(name, "read", &error)),
            };
        };
        let object = Name::from(name);
        let read = async { bucket.get(&object).await?.bytes().await };
        match self.runtime.block_on(read) {
            Ok(bytes) => Ok(Some(Vec::from(bytes))),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.fail(name, "read", &error)),
        }
    }

    /// Whether it says that it is a savepoint.
    ///
    /// # Errors
    /// The bucket refuses.
    pub(crate) fn is_savepoint(&self) -> Result<bool, SavepointError> {
        if self.bucket.is_none() {
            return Ok(is_savepoint(&self.path));
        }
        Ok(self.read(CHECKSUMS)?.is_some() && self.read(MANIFEST)?.is_some())
    }

    /// The savepoint as a directory of this machine: itself, or a copy in a new directory `to`, which is the caller's to
    /// remove. Components are left where they are: nobody who goes on from a savepoint reads them.
    ///
    /// # Errors
    /// The disk or the bucket refuses.
    pub(crate) fn on_disk(&self, to: PathBuf) -> Result<PathBuf, SavepointError> {
        let Some(bucket) = &self.bucket else {
            return Ok(self.path.clone());
        };
        let fetch = async {
            let mut objects = bucket.list(None);
            while let Some(object) = objects.try_next().await? {
                let name = object.location.to_string();
                if name.starts_with("components/") {
                    continue;
                }
                let path = to.join(&name);
                if let Some(parent) = path.parent() {
                    tokio::fs::create_dir_all(parent).await.map_err(local)?;
                }
                let mut file = tokio::fs::File::create(&path).await.map_err(local)?;
                let mut bytes = bucket.get(&object.location).await?.into_stream();
                while let Some(piece) = bytes.try_next().await? {
                    file.write_all(&piece).await.map_err(local)?;
                }
                file.flush().await.map_err(local)?;
            }
            Ok(())
        };
        let fetched: Result<(), Error> = self.runtime.block_on(fetch);
        fetched.map_err(|error| self.fail("", "read", &error))?;
        Ok(to)
    }

    /// Puts a savepoint that was written into a directory here.
    ///
    /// # Errors
    /// The disk or the bucket refuses; then what is here is no savepoint.
    pub(crate) fn put(&self, from: &Path) -> Result<(), SavepointError> {
        let Some(bucket) = &self.bucket else {
            return Err(self.fail("", "write", &"it is no bucket"));
        };
        let names = files_of(from).map_err(|error| self.fail("", "write", &error))?;
        for name in names {
            let put = self.runtime.block_on(upload(bucket, from, &name));
            put.map_err(|error| self.fail(&name, "write", &error))?;
        }
        Ok(())
    }

    /// The files of snapshots in it.
    ///
    /// # Errors
    /// There is no such directory.
    pub(crate) fn blobs(&self) -> Result<Arc<dyn BlobStore>, SavepointError> {
        let store = match &self.bucket {
            Some(bucket) => Arc::clone(bucket),
            None => {
                let local = LocalFileSystem::new_with_prefix(&self.path);
                Arc::new(local.map_err(|error| self.fail("", "open", &error))?)
            }
        };
        let reader = ObjectBlobStore::reader(store, self.runtime.clone());
        Ok(Arc::new(reader))
    }

    /// Its name.
    pub(crate) fn into_path(self) -> PathBuf {
        self.path
    }

    /// Removes everything in it.
    ///
    /// # Errors
    /// The disk or the bucket refuses.
    pub(crate) fn clear(&self) -> Result<(), SavepointError> {
        let Some(bucket) = &self.bucket else {
            return match std::fs::remove_dir_all(&self.path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    Err(self.fail("", "remove", &error))
                }
                _ => Ok(()),
            };
        };
        let names = bucket.list(None).map_ok(|object| object.location).boxed();
        let deleted = bucket
            .delete_stream(names)
            .try_for_each(|_| async { Ok(()) });
        let deleted = self.runtime.block_on(deleted);
        deleted.map_err(|error| self.fail("", "remove", &error))
    }
}

/// An error of this machine's disk, as the library of stores has it.
fn local(error: std::io::Error) -> Error {
    Error::Generic {
        store: "local disk",
        source: Box::new(error),
    }
}

/// The names of all files below a directory; the manifest is the last.
fn files_of(root: &Path) -> std::io::Result<Vec<String>> {
    let mut folders = vec![root.to_owned()];
    let mut names = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(name) = path.strip_prefix(root) {
                names.push(name.to_string_lossy().into_owned());
            }
        }
    }
    names.sort_by_key(|name| (name == MANIFEST, name.clone()));
    Ok(names)
}

async fn upload(bucket: &Arc<dyn ObjectStore>, from: &Path, name: &str) -> Result<(), String> {
    let file = tokio::fs::File::open(from.join(name)).await;
    let mut file = file.map_err(|error| error.to_string())?;
    let object = Name::from(name);
    let mut writer = BufWriter::with_capacity(Arc::clone(bucket), object, PART_BYTES);
    let copied = async {
        tokio::io::copy(&mut file, &mut writer).await?;
        writer.shutdown().await
    };
    copied.await.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
