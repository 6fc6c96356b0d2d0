//! `CURRENT`: the one small object that says which checkpoints count, and who may replace it.
//!
//! In a local directory a file lock keeps a second process out, so it is overwritten. In a bucket nobody can be kept
//! out: there each process that takes the job over writes an epoch that is higher than the one before, and every
//! replacement names the version it replaces. So the replacement of a process that was given up for dead, and is not,
//! fails whatever its clock says: it is fenced.

use std::fs::File;
use std::sync::Arc;

use object_store::path::Path;
use object_store::{
    Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, UpdateVersion,
};
use serde::{Deserialize, Serialize};

use super::blob_store::hex;
use super::metadata::Metadata;

/// The name of the object.
pub(crate) const CURRENT: &str = "CURRENT";

/// How often a process tries to take a job over while others do the same.
const TAKE_OVER_ATTEMPTS: usize = 10;

/// The version of the object that this build writes.
pub(super) const VERSION: u32 = 1;

/// What `CURRENT` says: the checkpoints that count, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Current {
    pub(super) version: u32,
    /// Grows with every process that takes the job over; 0 where a lock does instead.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) epoch: u64,
    /// The run that took it over last.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) run: String,
    pub(super) retained: Vec<Retained>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands a reference to it"
)]
fn is_zero(epoch: &u64) -> bool {
    *epoch == 0
}

/// A checkpoint that counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Retained {
    pub(super) metadata: String,
    pub(super) blake3: String,
    /// It was damaged, and an older one was restored. Its output is taken back, so it must never be restored, not even
    /// if its files are whole again because somebody has written the same bytes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) passed_over: bool,
}

impl Retained {
    /// The run that took the checkpoint, from the name of its folder: `chk-<number>-<run>/_metadata.json`.
    pub(super) fn run(&self) -> Option<String> {
        let folder = self.metadata.split('/').next()?;
        Some(folder.strip_prefix("chk-")?.split_once('-')?.1.to_owned())
    }
}

/// `CURRENT` cannot be read or replaced.
#[derive(Debug)]
pub(super) enum CurrentError {
    /// The store refused.
    Store(Error),
    /// It is no document of ours.
    Unreadable(String),
    /// Another process has taken the job over: its run.
    Fenced(String),
}

impl From<Error> for CurrentError {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

/// Why this process may replace it.
enum Guard {
    /// Nobody else can: a lock is held, or the store is this process's memory.
    Exclusive { _lock: Option<File> },
    /// Nobody else has since this version.
    Unchanged { version: UpdateVersion, epoch: u64 },
}

/// The object, as the process that owns it sees it.
pub(super) struct CurrentObject {
    store: Arc<dyn ObjectStore>,
    guard: Guard,
    run: String,
}

impl CurrentObject {
    /// Of a store that no other process has for as long as the lock is held.
    pub(super) fn exclusive(store: Arc<dyn ObjectStore>, lock: Option<File>) -> Self {
        Self {
            store,
            guard: Guard::Exclusive { _lock: lock },
            run: String::new(),
        }
    }

    /// Of a store that others reach, too: from now on all who had it before are fenced. What it says stays.
    pub(super) async fn take_over(
        store: Arc<dyn ObjectStore>,
        run: String,
        version: u32,
    ) -> Result<Self, CurrentError> {
        let mut owner = String::new();
        for _ in 0..TAKE_OVER_ATTEMPTS {
            let (before, mode) = match read(&*store).await? {
                Some((current, version)) => (current, PutMode::Update(version)),
                None => (Current::default(), PutMode::Create),
            };
            let next = Current {
                version,
                epoch: before.epoch + 1,
                run: run.clone(),
                retained: before.retained,
            };
            match put(&*store, &next, mode).await {
                Ok(version) => {
                    let epoch = next.epoch;
                    let guard = Guard::Unchanged { version, epoch };
                    return Ok(Self { store, guard, run });
                }
                // Somebody else was faster, or the answer to a write of ours was lost.
                Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => owner = before.run,
                Err(error) => return Err(error.into()),
            }
        }
        Err(CurrentError::Fenced(owner))
    }

    /// What it says.
    pub(super) async fn read(&self) -> Result<Option<Current>, CurrentError> {
        let Some((current, _)) = read(&*self.store).await? else {
            return Ok(None);
        };
        self.check(&current)?;
        Ok(Some(current))
    }

    fn check(&self, found: &Current) -> Result<(), CurrentError> {
        match &self.guard {
            Guard::Unchanged { epoch, .. } if found.epoch != *epoch => {
                Err(CurrentError::Fenced(found.run.clone()))
            }
            _ => Ok(()),
        }
    }

    /// Says these checkpoints from now on.
    pub(super) async fn replace(
        &mut self,
        version: u32,
        retained: Vec<Retained>,
    ) -> Result<(), CurrentError> {
        let mut next = Current {
            version,
            epoch: 0,
            run: String::new(),
            retained,
        };
        let Guard::Unchanged {
            version: replaced,
            epoch,
        } = &self.guard
        else {
            put(&*self.store, &next, PutMode::Overwrite).await?;
            return Ok(());
        };
        (next.epoch, next.run) = (*epoch, self.run.clone());
        let mut replaced = replaced.clone();
        loop {
            let error = match put(&*self.store, &next, PutMode::Update(replaced.clone())).await {
                Ok(version) => {
                    self.remember(version);
                    return Ok(());
                }
                Err(error) => error,
            };
            // A write may have taken place though its answer was lost, or was late: ask before anything else.
            let Some((found, version)) = read(&*self.store).await? else {
                return Err(error.into());
            };
            self.check(&found)?;
            if found == next {
                self.remember(version);
                return Ok(());
            }
            // In our epoch only we write, so this is an earlier write of ours that came through late.
            if !matches!(error, Error::Precondition { .. }) || version.e_tag == replaced.e_tag {
                return Err(error.into());
            }
            replaced = version;
        }
    }

    fn remember(&mut self, newest: UpdateVersion) {
        if let Guard::Unchanged { version, .. } = &mut self.guard {
            *version = newest;
        }
    }
}

/// The metadata of the newest checkpoint in a place that somebody else may be using, whose files are read by name. The
/// files of the checkpoint are not checked.
///
/// # Errors
/// There is none, or it is damaged; a text for the user.
pub(crate) fn newest_metadata<E: std::fmt::Display>(
    read: impl Fn(&str) -> Result<Option<Vec<u8>>, E>,
) -> Result<Metadata, String> {
    let read = |name: &str| {
        let bytes = read(name).map_err(|error| error.to_string())?;
        bytes.ok_or_else(|| format!("{name} is missing"))
    };
    let current: Current =
        serde_json::from_slice(&read(CURRENT)?).map_err(|error| format!("CURRENT: {error}"))?;
    let newest = current
        .retained
        .iter()
        .find(|retained| !retained.passed_over)
        .ok_or("there is no completed checkpoint")?;
    let bytes = read(&newest.metadata)?;
    if hex(blake3::hash(&bytes).as_bytes()) != newest.blake3 {
        return Err(format!("{}: it is damaged", newest.metadata));
    }
    serde_json::from_slice(&bytes).map_err(|error| format!("{}: {error}", newest.metadata))
}

async fn read(store: &dyn ObjectStore) -> Result<Option<(Current, UpdateVersion)>, CurrentError> {
    let got = match store.get(&Path::from(CURRENT)).await {
        Ok(got) => got,
        Err(Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let version = UpdateVersion {
        e_tag: got.meta.e_tag.clone(),
        version: got.meta.version.clone(),
    };
    let bytes = got.bytes().await?;
    Ok(Some((decode(&bytes)?, version)))
}

fn decode(bytes: &[u8]) -> Result<Current, CurrentError> {
    serde_json::from_slice(bytes).map_err(|error| CurrentError::Unreadable(error.to_string()))
}

/// Whether bytes are a `CURRENT`, all of it looked at.
#[cfg(any(test, fuzzing))]
pub(crate) fn can_be_read(bytes: &[u8]) -> bool {
    let current = decode(bytes);
    current.is_ok_and(|current| current.retained.iter().all(|it| it.run().is_some()))
}

async fn put(
    store: &dyn ObjectStore,
    current: &Current,
    mode: PutMode,
) -> Result<UpdateVersion, Error> {
    // A document of texts and numbers always encodes.
    let bytes = serde_json::to_vec(current).unwrap_or_default();
    let payload = PutPayload::from(bytes);
    let options = PutOptions::from(mode);
    let result = store.put_opts(&Path::from(CURRENT), payload, options).await;
    result.map(UpdateVersion::from)
}

#[cfg(test)]
mod tests;
