//! The checkpoint store of a simulated run: outlives processes, fails, dies between two operations, and is damaged.
//!
//! A layer over an object store in memory. It keeps the times of the simulation's clock, which is what the sweep of old
//! files goes by. Failing comes in two kinds: nothing happened, or it happened and the answer was lost.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use dataflow::clock::{Clock, ManualClock};
use futures_util::stream::{BoxStream, StreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use tokio::runtime::Handle;

/// How a write fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failing {
    /// Nothing was written.
    Refused,
    /// It was written, and the answer says that it was not.
    AnswerLost,
}

#[derive(Default)]
struct State {
    modified_ms: BTreeMap<Path, i64>,
    /// Writes and deletions until the process dies.
    dies_in: Option<u64>,
    failing: Option<Failing>,
    read_only: bool,
}

/// The store.
pub(super) struct Disk {
    inner: InMemory,
    clock: ManualClock,
    runtime: Handle,
    state: Arc<Mutex<State>>,
}

impl Disk {
    /// An empty store.
    pub(super) fn new(clock: ManualClock, runtime: Handle) -> Self {
        Self {
            inner: InMemory::new(),
            clock,
            runtime,
            state: Arc::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on the process dies before the write or deletion with this number.
    pub(super) fn dies_in(&self, operations: u64) {
        self.state().dies_in = Some(operations);
    }

    /// The next write fails.
    pub(super) fn fail(&self, failing: Failing) {
        self.state().failing = Some(failing);
    }

    /// From now on nothing can be written.
    pub(super) fn protect(&self) {
        self.state().read_only = true;
    }

    /// Whether the process has died at an operation.
    pub(super) fn is_dead(&self) -> bool {
        self.state().dies_in == Some(0)
    }

    /// A new process uses it.
    pub(super) fn revive(&self) {
        let mut state = self.state();
        state.dies_in = None;
        state.failing = None;
    }

    /// The bytes of an object, past all faults.
    pub(super) fn read(&self, name: &str) -> Option<Vec<u8>> {
        let path = Path::from(name);
        let read = async { self.inner.get(&path).await?.bytes().await };
        self.runtime.block_on(read).ok().map(Vec::from)
    }

    /// Replaces the bytes of an object, past all faults; its time stays.
    pub(super) fn write(&self, name: &str, bytes: Option<Vec<u8>>) {
        let path = Path::from(name);
        let written = self.runtime.block_on(async {
            match bytes {
                Some(bytes) => self.inner.put(&path, bytes.into()).await.map(|_| ()),
                None => self.inner.delete(&path).await,
            }
        });
        assert!(written.is_ok(), "the memory takes it: {written:?}");
    }

    /// Names and times of all objects, by name.
    pub(super) fn objects(&self) -> Vec<(String, i64)> {
        let listed = self.inner.list(None).collect::<Vec<_>>();
        let listed = self.runtime.block_on(listed).into_iter().flatten();
        let state = self.state();
        let time = |path: &Path| state.modified_ms.get(path).copied().unwrap_or(0);
        let mut objects: Vec<_> = listed
            .map(|it| (it.location.to_string(), time(&it.location)))
            .collect();
        objects.sort();
        objects
    }

    /// Counts an operation that changes something; tells how it is to fail, or refuses because the process is gone.
    fn change(&self) -> Result<Option<Failing>> {
        let mut state = self.state();
        match &mut state.dies_in {
            Some(0) => return Err(error("the process is gone")),
            Some(left) => *left -= 1,
            None => {}
        }
        // The operation at which it dies does not happen either.
        if state.dies_in == Some(0) {
            return Err(error("the process is gone"));
        }
        if state.read_only {
            return Err(error("it is read-only"));
        }
        Ok(state.failing.take())
    }

    async fn put(&self, path: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        let failing = self.change()?;
        if failing == Some(Failing::Refused) {
            return Err(error("it is busy"));
        }
        let put = self.inner.put_opts(path, payload, opts).await?;
        let now_ms = self.clock.now_ms();
        self.state().modified_ms.insert(path.clone(), now_ms);
        match failing {
            Some(_) => Err(error("the connection was lost")),
            None => Ok(put),
        }
    }
}

fn error(reason: &str) -> object_store::Error {
    object_store::Error::Generic {
        store: "simulated",
        source: reason.to_owned().into(),
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Disk")
    }
}

impl fmt::Display for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("simulated disk")
    }
}

/// What an `async fn` of the trait returns.
type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

impl ObjectStore for Disk {
    fn put_opts<'a, 'b, 'c>(
        &'a self,
        location: &'b Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Answer<'c, PutResult>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        Box::pin(self.put(location, payload, opts))
    }

    fn put_multipart_opts<'a, 'b, 'c>(
        &'a self,
        location: &'b Path,
        opts: PutMultipartOptions,
    ) -> Answer<'c, Box<dyn MultipartUpload>>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        self.inner.put_multipart_opts(location, opts)
    }

    fn get_opts<'a, 'b, 'c>(
        &'a self,
        location: &'b Path,
        options: GetOptions,
    ) -> Answer<'c, GetResult>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        let modified = self.state().modified_ms.get(location).copied();
        let got = self.inner.get_opts(location, options);
        Box::pin(async move {
            let mut result = got.await?;
            stamp(&mut result.meta, modified);
            Ok(result)
        })
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        match self.change() {
            Ok(None) => self.inner.delete_stream(locations),
            Ok(Some(_)) => futures_util::stream::iter([Err(error("it is busy"))]).boxed(),
            Err(error) => futures_util::stream::iter([Err(error)]).boxed(),
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let state = Arc::clone(&self.state);
        let stamped = self.inner.list(prefix).map(move |object| {
            let mut object = object?;
            let state = state.lock().unwrap_or_else(PoisonError::into_inner);
            let modified = state.modified_ms.get(&object.location).copied();
            stamp(&mut object, modified);
            Ok(object)
        });
        stamped.boxed()
    }

    fn list_with_delimiter<'a, 'b, 'c>(&'a self, prefix: Option<&'b Path>) -> Answer<'c, ListResult>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        self.inner.list_with_delimiter(prefix)
    }

    fn copy_opts<'a, 'b, 'd, 'c>(
        &'a self,
        from: &'b Path,
        to: &'d Path,
        options: CopyOptions,
    ) -> Answer<'c, ()>
    where
        'a: 'c,
        'b: 'c,
        'd: 'c,
        Self: 'c,
    {
        self.inner.copy_opts(from, to, options)
    }
}

fn stamp(meta: &mut ObjectMeta, modified_ms: Option<i64>) {
    if let Some(time) = modified_ms.and_then(|ms| u64::try_from(ms).ok()) {
        meta.last_modified = (UNIX_EPOCH + Duration::from_millis(time)).into();
    }
}
