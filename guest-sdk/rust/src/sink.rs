//! Sinks written in the guest: the trait with its two-phase commit, and how its values become the bytes that the host
//! keeps.
//!
//! An instance may be thrown away between two calls, so a sink keeps nothing that must last: what it has begun, is its
//! transaction, which the host keeps; what a checkpoint prepared, is its committable, which is in the checkpoint.

use std::cell::RefCell;
use std::rc::Rc;

use crate::column::{Batch, Moment};
use crate::error::{Error, Outcome};
use crate::host::Level;
use crate::operator::metrics::Metrics;
use crate::row::{Row, encode};
use crate::task::{CallFailure, Place, Shared};

/// A sink with a two-phase commit. All calls come from one thread, one at a time; writing and committing have
/// instances of their own.
///
/// Records of a subtask between two barriers make one transaction: `begin`, any number of `write`, `pre_commit`; when
/// the checkpoint is complete, `commit`. After a crash, `commit` is repeated for the restored checkpoint, and then
/// `recover` clears away what is left of other transactions.
pub trait TwoPhaseSink: 'static {
    /// The records it takes.
    type In: Row;
    /// A transaction under way: where it writes and how far it has come.
    type Transaction: Row;
    /// A transaction that was prepared: everything that is needed to commit it, in any later process.
    type Committable: Row;

    /// Called once in every instance, before anything else. What it fetches may be fetched again at any time.
    ///
    /// # Errors
    /// The sink cannot be used.
    fn open(&mut self, _ctx: &SinkContext<'_>) -> Outcome {
        Ok(())
    }

    /// Begins a transaction. `name` is one that no transaction of any run has had, made of `0-9`, `a-f` and `-`.
    ///
    /// # Errors
    /// The outside refuses: the job fails.
    fn begin(&mut self, name: &str, ctx: &SinkContext<'_>) -> Result<Self::Transaction, Error>;

    /// Writes records into a transaction; nothing may be visible yet.
    ///
    /// # Errors
    /// The outside refuses: the job fails.
    fn write(
        &mut self,
        transaction: &mut Self::Transaction,
        records: SinkRecords<'_, Self::In>,
        ctx: &SinkContext<'_>,
    ) -> Outcome;

    /// Makes durable what a transaction wrote. After this it must be possible to commit it, whatever happens.
    ///
    /// # Errors
    /// The outside refuses: the checkpoint is declined and the job fails.
    fn pre_commit(
        &mut self,
        transaction: Self::Transaction,
        checkpoint: u64,
        ctx: &SinkContext<'_>,
    ) -> Result<Self::Committable, Error>;

    /// Makes a transaction visible. Must be idempotent: after a crash it is called again.
    ///
    /// # Errors
    /// The outside refuses: the job fails.
    fn commit(&mut self, committable: Self::Committable, ctx: &SinkContext<'_>) -> Outcome;

    /// Undoes a transaction that will not be committed. Not called after a crash: see [`TwoPhaseSink::recover`].
    ///
    /// # Errors
    /// The outside refuses; `recover` tries again.
    fn abort(&mut self, transaction: Self::Transaction, ctx: &SinkContext<'_>) -> Outcome;

    /// Called once before a run begins, with what was prepared and has been committed: removes what other transactions
    /// of earlier runs left behind.
    ///
    /// # Errors
    /// The outside refuses: the job does not start.
    fn recover(&mut self, committed: Vec<Self::Committable>, ctx: &SinkContext<'_>) -> Outcome;

    /// The last call to the instance of a writer: the job has ended or stops. Not made after a failure, so nothing may
    /// depend on it.
    ///
    /// # Errors
    /// What the sink has to say, for the log.
    fn close(&mut self, _ctx: &SinkContext<'_>) -> Outcome {
        Ok(())
    }
}

/// The records of one `write`.
pub struct SinkRecords<'a, T> {
    batch: &'a Batch,
    record: std::marker::PhantomData<fn() -> T>,
}

impl<T: Row> SinkRecords<'_, T> {
    /// How many there are; at least one.
    pub fn len(&self) -> usize {
        self.batch.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    /// The records in order, each decoded when it is asked for.
    pub fn iter(&self) -> impl Iterator<Item = Result<T, Error>> {
        self.batch.values.entries(self.batch.len()).map(T::decode)
    }

    /// The event timestamp of a record by its index (milliseconds), if it has one.
    pub fn timestamp(&self, index: usize) -> Option<i64> {
        let timestamp = self.batch.timestamp(index);
        (timestamp != crate::column::NO_TIMESTAMP).then_some(timestamp)
    }
}

/// What a sink may ask.
pub struct SinkContext<'a> {
    shared: &'a Shared,
}

impl SinkContext<'_> {
    /// Job, subtask, parallelism. Commits happen at subtask 0.
    pub fn place(&self) -> &Place {
        &self.shared.place
    }

    /// The sink's clock (milliseconds since the Unix epoch) in `begin` and `write`; 0 elsewhere.
    pub fn processing_time(&self) -> i64 {
        self.shared.now().processing_time
    }

    /// Writes a line to the sink's log.
    pub fn log(&self, level: Level, message: &str) {
        self.shared.log(level, message);
    }
}

/// A sink in its place, without its types: `wit/sink.wit`. Every method fails if user code does, or if bytes are none of
/// this sink's.
pub trait SinkNode {
    /// Begins a transaction.
    ///
    /// # Errors
    /// See [`SinkNode`].
    fn begin(&self, now: Moment, name: &str) -> Result<Vec<u8>, Error>;

    /// Writes records and gives the transaction as it is then.
    ///
    /// # Errors
    /// See [`SinkNode`].
    fn write(
        &self,
        now: Moment,
        transaction: &[u8],
        records: &Batch,
    ) -> Result<Vec<u8>, CallFailure>;

    /// Makes a transaction durable and gives its committable.
    ///
    /// # Errors
    /// See [`SinkNode`].
    fn pre_commit(&self, transaction: &[u8], checkpoint: u64) -> Result<Vec<u8>, Error>;

    /// Makes transactions visible.
    ///
    /// # Errors
    /// See [`SinkNode`].
    fn commit(&self, committables: &[Vec<u8>]) -> Outcome;

    /// Undoes a transaction.
    ///
    /// # Errors
    /// See [`SinkNode`].
    fn abort(&self, transaction: &[u8]) -> Outcome;

    /// Clears away what no committable names.
    ///
    /// # Errors
    /// See [`SinkNode`].
    fn recover(&self, committables: &[Vec<u8>]) -> Outcome;

    /// The last call.
    ///
    /// # Errors
    /// See [`SinkNode`].
    fn close(&self) -> Outcome;
}

/// A sink in its place.
pub(crate) struct OpenSink<S> {
    sink: RefCell<S>,
    metrics: Metrics,
    shared: Rc<Shared>,
}

impl<S: TwoPhaseSink> OpenSink<S> {
    pub(crate) fn open(mut sink: S, metrics: Metrics, shared: &Rc<Shared>) -> Result<Self, Error> {
        sink.open(&SinkContext { shared })?;
        Ok(Self {
            sink: RefCell::new(sink),
            metrics,
            shared: Rc::clone(shared),
        })
    }

    fn with<R>(&self, call: impl FnOnce(&mut S, &SinkContext<'_>) -> R) -> R {
        let ctx = SinkContext {
            shared: &self.shared,
        };
        let result = call(&mut self.sink.borrow_mut(), &ctx);
        self.metrics.flush(&self.shared);
        self.shared.end();
        result
    }
}

fn decode_all<T: Row>(all: &[Vec<u8>]) -> Result<Vec<T>, Error> {
    all.iter().map(|bytes| T::decode(bytes)).collect()
}

impl<S: TwoPhaseSink> SinkNode for OpenSink<S> {
    fn begin(&self, now: Moment, name: &str) -> Result<Vec<u8>, Error> {
        self.shared.begin(now);
        self.with(|sink, ctx| Ok(encode(&sink.begin(name, ctx)?)))
    }

    fn write(
        &self,
        now: Moment,
        transaction: &[u8],
        records: &Batch,
    ) -> Result<Vec<u8>, CallFailure> {
        self.shared.begin(now);
        records.check()?;
        let mut transaction = S::Transaction::decode(transaction)?;
        let records = SinkRecords {
            batch: records,
            record: std::marker::PhantomData,
        };
        self.with(|sink, ctx| sink.write(&mut transaction, records, ctx))?;
        Ok(encode(&transaction))
    }

    fn pre_commit(&self, transaction: &[u8], checkpoint: u64) -> Result<Vec<u8>, Error> {
        let transaction = S::Transaction::decode(transaction)?;
        self.with(|sink, ctx| Ok(encode(&sink.pre_commit(transaction, checkpoint, ctx)?)))
    }

    fn commit(&self, committables: &[Vec<u8>]) -> Outcome {
        let committables = decode_all::<S::Committable>(committables)?;
        self.with(|sink, ctx| {
            let mut each = committables.into_iter();
            each.try_for_each(|committable| sink.commit(committable, ctx))
        })
    }

    fn abort(&self, transaction: &[u8]) -> Outcome {
        let transaction = S::Transaction::decode(transaction)?;
        self.with(|sink, ctx| sink.abort(transaction, ctx))
    }

    fn recover(&self, committables: &[Vec<u8>]) -> Outcome {
        let committables = decode_all::<S::Committable>(committables)?;
        self.with(|sink, ctx| sink.recover(committables, ctx))
    }

    fn close(&self) -> Outcome {
        self.with(S::close)
    }
}
