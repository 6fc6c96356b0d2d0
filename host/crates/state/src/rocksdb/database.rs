//! The database of one task and what its threads share.
//!
//! The write-ahead log is off: what is not in a checkpoint is lost with the process, and that is what recovery from a
//! checkpoint expects. One column family; states are told apart in the key.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use ::rocksdb::{
    BlockBasedOptions, Cache, ColumnFamily, ColumnFamilyDescriptor, DB, DBCompressionType,
    DBRawIterator, LogLevel, MergeOperands, Options, ReadOptions, WriteBatch, WriteBufferManager,
    WriteOptions,
};
use dataflow::port::state::StateError;

use super::RocksdbConfig;
use super::keys::prefix_end;
use super::uploads::Uploads;
use crate::error::storage;

/// Bytes of a write batch after which it is handed to the database.
const BATCH_BYTES: usize = 1 << 20;
/// Memory a database gets at least, however small its share is.
const MEMORY_BYTES_MIN: u64 = 4 << 20;

/// A database and its state of flushing. Used by the task's thread and by storage threads.
pub(crate) struct Database {
    db: DB,
    cache: Cache,
    /// Where checkpoints are linked before they are uploaded.
    pub(crate) local_dir: PathBuf,
    /// Changes of Value and Map states up to this epoch are in the database.
    flushed: AtomicU32,
    /// Changes of timers up to this epoch of theirs are in the database.
    timers_flushed: AtomicU32,
    /// The same for List states. Held while they are flushed and while they are read, because an append that is both
    /// in the database and in memory would be read twice.
    lists_flushed: Mutex<u32>,
    /// Why nothing may be written any more.
    poison: OnceLock<String>,
    /// Files known to the store.
    pub(crate) uploads: Uploads,
}

fn append(_: &[u8], existing: Option<&[u8]>, operands: &MergeOperands) -> Option<Vec<u8>> {
    let added: usize = operands.iter().map(<[u8]>::len).sum();
    let mut list = Vec::with_capacity(existing.map_or(0, <[u8]>::len) + added);
    list.extend_from_slice(existing.unwrap_or_default());
    for operand in operands {
        list.extend_from_slice(operand);
    }
    Some(list)
}

/// Options that every database of ours is opened with, also one that is only read to take its entries over.
fn options(config: &RocksdbConfig, memory_bytes: u64, cache: &Cache) -> Options {
    let memory = memory_bytes.max(MEMORY_BYTES_MIN) as usize;
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(cache);
    table.set_cache_index_and_filter_blocks(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);
    table.set_bloom_filter(10.0, false);
    table.set_format_version(5);
    let buffers =
        WriteBufferManager::new_write_buffer_manager_with_cache(memory / 2, false, cache.clone());
    let mut options = Options::default();
    options.create_if_missing(true);
    options.set_write_buffer_manager(&buffers);
    options.set_write_buffer_size((memory / 4).clamp(1 << 20, 64 << 20));
    options.set_block_based_table_factory(&table);
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_merge_operator_associative("wasmill.append", append);
    options.set_max_background_jobs(config.background_jobs);
    options.set_avoid_unnecessary_blocking_io(true);
    options.set_keep_log_file_num(1);
    options.set_log_level(LogLevel::Warn);
    options
}

impl Database {
    /// Opens or makes the database in `dir`.
    ///
    /// # Errors
    /// The disk refuses, or the files are not a database.
    pub(crate) fn open(
        config: &RocksdbConfig,
        dir: &Path,
        memory_bytes: u64,
        local_dir: PathBuf,
    ) -> Result<Self, StateError> {
        let cache = Cache::new_lru_cache(memory_bytes.max(MEMORY_BYTES_MIN) as usize);
        let options = options(config, memory_bytes, &cache);
        let family = ColumnFamilyDescriptor::new("default", options.clone());
        let db = DB::open_cf_descriptors(&options, dir, [family])
            .map_err(|error| storage("open the state database", error))?;
        Ok(Self {
            db,
            cache,
            local_dir,
            flushed: AtomicU32::new(0),
            timers_flushed: AtomicU32::new(0),
            lists_flushed: Mutex::new(0),
            poison: OnceLock::new(),
            uploads: Uploads::new(config.full_snapshots),
        })
    }

    /// Answers an error once a write has failed.
    ///
    /// # Errors
    /// If so.
    #[inline]
    pub(crate) fn usable(&self) -> Result<(), StateError> {
        match self.poison.get() {
            None => Ok(()),
            Some(reason) => Err(StateError::Poisoned(reason.clone())),
        }
    }

    /// Forbids all further use: the database may hold a part of a write.
    pub(crate) fn poison(&self, error: &StateError) {
        tracing::error!(%error, "the state database failed, its task must restart");
        // A second failure changes nothing: the first reason is the interesting one.
        let _ = self.poison.set(error.to_string());
    }

    /// Changes of Value and Map states up to this epoch are in the database.
    #[inline]
    pub(crate) fn flushed(&self) -> u32 {
        self.flushed.load(Ordering::Acquire)
    }

    /// Notes that all changes up to an epoch are in the database.
    pub(crate) fn set_flushed(&self, epoch: u32) {
        self.flushed.fetch_max(epoch, Ordering::AcqRel);
    }

    /// Changes of timers up to this epoch of theirs are in the database.
    pub(crate) fn timers_flushed(&self) -> u32 {
        self.timers_flushed.load(Ordering::Acquire)
    }

    /// Notes that all changes of timers up to an epoch are in the database.
    pub(crate) fn set_timers_flushed(&self, epoch: u32) {
        self.timers_flushed.fetch_max(epoch, Ordering::AcqRel);
    }

    /// Keeps lists from being flushed (or read) until the guard goes; it holds the epoch up to which they are.
    pub(crate) fn lists(&self) -> MutexGuard<'_, u32> {
        self.lists_flushed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn family(&self) -> Result<&ColumnFamily, StateError> {
        self.db
            .cf_handle("default")
            .ok_or_else(|| storage("read the state database", "it has no default column family"))
    }

    /// Reads many keys, which are in ascending order, in one go.
    ///
    /// # Errors
    /// The disk refuses or a block is damaged.
    pub(crate) fn read_many<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k &'k [u8]>,
        mut visit: impl FnMut(usize, Option<&[u8]>),
    ) -> Result<(), StateError> {
        let answers = self.db.batched_multi_get_cf(self.family()?, keys, true);
        for (index, answer) in answers.into_iter().enumerate() {
            let value = answer.map_err(|error| storage("read the state database", error))?;
            visit(index, value.as_deref());
        }
        Ok(())
    }

    /// Visits all entries from `from` on whose keys begin with `prefix`, until `visit` answers `false`.
    ///
    /// # Errors
    /// The disk refuses or a block is damaged.
    pub(crate) fn scan(
        &self,
        prefix: &[u8],
        from: &[u8],
        mut visit: impl FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), StateError> {
        let mut cursor = self.cursor(prefix, from);
        while let Some((key, value)) = cursor.item() {
            if !visit(key, value) {
                return Ok(());
            }
            cursor.next();
        }
        check_end(&cursor)
    }

    /// An iterator over the keys with `prefix`, standing at the first one not below `from`.
    pub(crate) fn cursor(&self, prefix: &[u8], from: &[u8]) -> DBRawIterator<'_> {
        let mut options = ReadOptions::default();
        if let Some(end) = prefix_end(prefix) {
            options.set_iterate_upper_bound(end);
        }
        let mut cursor = self.db.raw_iterator_opt(options);
        cursor.seek(from);
        cursor
    }

    /// Removes all keys in `from..to`.
    ///
    /// # Errors
    /// The database refuses.
    pub(crate) fn delete_range(&self, from: &[u8], to: &[u8]) -> Result<(), StateError> {
        let family = self.family()?;
        self.db
            .delete_range_cf_opt(family, from, to, &no_log())
            .map_err(|error| storage("clip the state database", error))
    }

    /// A batch of writes to this database.
    pub(crate) fn batch(&self) -> Batch<'_> {
        Batch {
            database: self,
            batch: WriteBatch::default(),
        }
    }

    /// Links the files of the database, as it is now, into a new directory.
    ///
    /// # Errors
    /// The flush or the disk fails.
    pub(crate) fn link_into(&self, dir: &Path) -> Result<(), StateError> {
        let refused = |error| storage("link the files of a checkpoint", error);
        ::rocksdb::checkpoint::Checkpoint::new(&self.db)
            .and_then(|checkpoint| checkpoint.create_checkpoint_with_log_size(dir, 0))
            .map_err(refused)
    }

    fn property(&self, name: &str) -> u64 {
        let value = self.db.property_int_value(name);
        value.ok().flatten().unwrap_or(0)
    }

    /// Entries, as the database estimates.
    pub(crate) fn entries(&self) -> u64 {
        self.property("rocksdb.estimate-num-keys")
    }

    /// Bytes in memory: blocks, filters, write buffers.
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.cache.get_usage() as u64
    }

    /// Bytes on the local disk.
    pub(crate) fn disk_bytes(&self) -> u64 {
        self.property("rocksdb.total-sst-files-size")
    }
}

/// An iterator that ended without an error has seen everything.
///
/// # Errors
/// If it stopped early.
pub(crate) fn check_end(cursor: &DBRawIterator<'_>) -> Result<(), StateError> {
    cursor
        .status()
        .map_err(|error| storage("scan the state database", error))
}

fn no_log() -> WriteOptions {
    let mut options = WriteOptions::default();
    options.disable_wal(true);
    options
}

/// Writes that go to the database a megabyte at a time.
pub(crate) struct Batch<'a> {
    database: &'a Database,
    batch: WriteBatch,
}

impl Batch<'_> {
    /// Sets a key.
    ///
    /// # Errors
    /// The database refuses.
    pub(crate) fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StateError> {
        self.batch.put(key, value);
        self.flush_if_full()
    }

    /// Removes a key.
    ///
    /// # Errors
    /// The database refuses.
    pub(crate) fn delete(&mut self, key: &[u8]) -> Result<(), StateError> {
        self.batch.delete(key);
        self.flush_if_full()
    }

    /// Appends to the value of a key.
    ///
    /// # Errors
    /// The database refuses.
    pub(crate) fn append(&mut self, key: &[u8], value: &[u8]) -> Result<(), StateError> {
        self.batch.merge(key, value);
        self.flush_if_full()
    }

    fn flush_if_full(&mut self) -> Result<(), StateError> {
        if self.batch.size_in_bytes() < BATCH_BYTES {
            return Ok(());
        }
        self.flush()
    }

    /// Hands what is left to the database.
    ///
    /// # Errors
    /// The database refuses.
    pub(crate) fn flush(&mut self) -> Result<(), StateError> {
        let batch = std::mem::take(&mut self.batch);
        self.database
            .db
            .write_opt(batch, &no_log())
            .map_err(|error| storage("write to the state database", error))
    }
}
