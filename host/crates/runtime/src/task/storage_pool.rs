//! Threads that write snapshots, so that tasks need not wait for disks. Bounded; joined when the pool is dropped.

use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam::channel::{Sender, bounded};
use dataflow::port::blob::BlobStore;

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

    /// The store.
    pub fn store(&self) -> &Arc<dyn BlobStore> {
        &self.store
    }

    /// Runs a job on a storage thread. Blocks only if very many wait.
    pub fn submit(&self, job: impl FnOnce(&dyn BlobStore) + Send + 'static) {
        if let Some(jobs) = &self.jobs {
            // Fails only when every thread is gone, and then nobody waits for an answer.
            let _ = jobs.send(Box::new(job));
        }
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
