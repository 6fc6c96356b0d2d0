//! Threads that write snapshots, so that tasks need not wait for disks. Bounded; joined when the pool is dropped.

use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam::channel::{Receiver, Sender, bounded};
use dataflow::port::blob::BlobStore;
use dataflow::port::segment::SegmentStore;

use crate::task::error::TaskError;

/// Snapshots that may wait for a storage thread.
const JOBS_MAX: usize = 1024;

type Job = Box<dyn FnOnce(&dyn BlobStore) + Send>;

/// The pool and the store it writes to.
pub struct StoragePool {
    jobs: Option<Sender<Job>>,
    store: Arc<dyn BlobStore>,
    threads: Vec<JoinHandle<()>>,
}

impl StoragePool {
    /// Starts so many threads.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub fn start(threads: usize, store: Arc<dyn BlobStore>) -> Result<Self, TaskError> {
        let (sender, receiver) = bounded::<Job>(JOBS_MAX);
        let mut handles = Vec::with_capacity(threads);
        for index in 0..threads {
            let (receiver, store) = (receiver.clone(), Arc::clone(&store));
            let handle = std::thread::Builder::new()
                .name(format!("storage-{index}"))
                .spawn(move || {
                    for job in receiver {
                        job(&*store);
                    }
                })
                .map_err(|error| TaskError::Internal(format!("start storage thread: {error}")))?;
            handles.push(handle);
        }
        Ok(Self {
            jobs: Some(sender),
            store,
            threads: handles,
        })
    }

    /// A pool without threads: what is submitted waits in the queue that comes with it.
    pub fn queued(store: Arc<dyn BlobStore>) -> (Self, StorageQueue) {
        let (sender, receiver) = bounded::<Job>(JOBS_MAX);
        let queue = StorageQueue {
            jobs: receiver,
            store: Arc::clone(&store),
        };
        let pool = Self {
            jobs: Some(sender),
            store,
            threads: Vec::new(),
        };
        (pool, queue)
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn BlobStore> {
        &self.store
    }

    /// What has the output of sinks stored by these threads.
    pub fn segments(pool: &Arc<Self>) -> SegmentStore {
        let threads = Arc::clone(pool);
        SegmentStore::new(Arc::clone(&pool.store), move |segment| {
            // What goes wrong is said by the snapshot that names the segment, which tries again.
            threads.submit(move |_| drop(segment.write()));
        })
    }

    /// Runs a job on a storage thread. Blocks only if very many wait.
    pub fn submit(&self, job: impl FnOnce(&dyn BlobStore) + Send + 'static) {
        if let Some(jobs) = &self.jobs {
            // Fails only when every thread is gone, and then nobody waits for an answer.
            let _ = jobs.send(Box::new(job));
        }
    }
}

/// The jobs of a pool without threads, for a loop that decides when each is done: a simulation.
pub struct StorageQueue {
    jobs: Receiver<Job>,
    store: Arc<dyn BlobStore>,
}

impl StorageQueue {
    /// Takes the oldest job that waits; calling it does the job on the caller's thread.
    pub fn take(&self) -> Option<impl FnOnce() + Send + use<>> {
        let job = self.jobs.try_recv().ok()?;
        let store = Arc::clone(&self.store);
        Some(move || job(&*store))
    }
}

impl Drop for StoragePool {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
