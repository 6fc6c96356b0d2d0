//! Sources written in the guest: the trait, and how a poll becomes columns.
//!
//! An instance may be thrown away between two calls, so a source keeps nothing that must last: where it is, is its
//! position, which the host keeps and puts into every checkpoint. Fields of the user's struct are a cache at best.

use std::cell::RefCell;
use std::rc::Rc;

use crate::column::{Batch, Moment, NO_TIMESTAMP};
use crate::error::{Error, Outcome};
use crate::host::Level;
use crate::operator::metrics::Metrics;
use crate::row::{Row, encode};
use crate::task::{Place, Shared};

/// What follows the records of a poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PollStatus {
    /// The split has more records right now.
    More,
    /// It may have more after this many milliseconds.
    Wait(u32),
    /// It has no more, ever.
    Ended,
}

/// A source. All calls come from one thread, one at a time.
pub trait Source: 'static {
    /// The records it gives.
    type Out: Row;
    /// Where a split is being read: everything that is needed to go on from there.
    type Position: Row;

    /// Called once in every instance, before anything else. What it fetches may be fetched again at any time.
    ///
    /// # Errors
    /// The source cannot be read.
    fn open(&mut self, _ctx: &SourceContext<'_>) -> Outcome {
        Ok(())
    }

    /// Where the splits begin, at the first start of the job. One split makes a source that is not parallel; for a
    /// parallel one give at least as many as there are subtasks. After a restore, at whatever parallelism, the saved
    /// positions are used instead.
    ///
    /// # Errors
    /// The input cannot be listed.
    fn splits(&mut self, parallelism: u32) -> Result<Vec<Self::Position>, Error>;

    /// Reads from a position on and moves it: at most [`SourceOutput::room`] records. The same position must give the
    /// same records again, as far as they exist.
    ///
    /// # Errors
    /// The input cannot be read: the job fails.
    fn poll(
        &mut self,
        position: &mut Self::Position,
        ctx: &SourceContext<'_>,
        out: &mut SourceOutput<Self::Out>,
    ) -> Result<PollStatus, Error>;

    /// The last call: every split of this reader has ended, or the job stops. Not made after a failure, so nothing may
    /// depend on it.
    ///
    /// # Errors
    /// What the source has to say, for the log, or as a failure of the job if its splits have just ended.
    fn close(&mut self, _ctx: &SourceContext<'_>) -> Outcome {
        Ok(())
    }
}

/// What a source may ask.
pub struct SourceContext<'a> {
    split: Option<u32>,
    shared: &'a Shared,
}

impl SourceContext<'_> {
    /// Job, subtask, parallelism.
    pub fn place(&self) -> &Place {
        &self.shared.place
    }

    /// Number of the split that is polled.
    pub fn split(&self) -> Option<u32> {
        self.split
    }

    /// The source's clock (milliseconds since the Unix epoch), the same during one call.
    pub fn processing_time(&self) -> i64 {
        self.shared.now().processing_time
    }

    /// Writes a line to the source's log.
    pub fn log(&self, level: Level, message: &str) {
        self.shared.log(level, message);
    }
}

/// Takes the records of a poll.
pub struct SourceOutput<T> {
    batch: Batch,
    max_records: u32,
    soft_bytes: usize,
    record: std::marker::PhantomData<fn(T)>,
}

impl<T: Row> SourceOutput<T> {
    /// How many records may still be given in this poll.
    #[inline]
    pub fn room(&self) -> usize {
        if self.batch.values.data.len() >= self.soft_bytes {
            return 0;
        }
        self.max_records.saturating_sub(self.batch.count) as usize
    }

    /// Gives a record without a timestamp.
    #[inline]
    pub fn emit(&mut self, record: &T) {
        self.emit_at(record, NO_TIMESTAMP);
    }

    /// Gives a record with its event timestamp (milliseconds since the Unix epoch).
    #[inline]
    pub fn emit_at(&mut self, record: &T, timestamp: i64) {
        self.batch.push_timestamp(timestamp);
        record.encode(&mut self.batch.values.data);
        self.batch.values.close(T::WIDTH);
        self.batch.count += 1;
    }
}

/// What a poll gave, as it crosses the boundary.
pub struct Polled {
    /// The records.
    pub records: Batch,
    /// The position after them.
    pub position: Vec<u8>,
    /// What follows.
    pub status: PollStatus,
}

/// A source in its place, without its types: `wit/source.wit`.
pub trait SourceNode {
    /// The encoded positions of the splits.
    ///
    /// # Errors
    /// User code failed.
    fn splits(&self, parallelism: u32) -> Result<Vec<Vec<u8>>, Error>;

    /// One poll of a split.
    ///
    /// # Errors
    /// User code failed, or the position is none of this source's.
    fn poll(
        &self,
        now: Moment,
        split: u32,
        position: &[u8],
        max_records: u32,
    ) -> Result<Polled, Error>;

    /// The last call.
    ///
    /// # Errors
    /// User code failed.
    fn close(&self) -> Outcome;
}

/// A source in its place.
pub(crate) struct OpenSource<S> {
    source: RefCell<S>,
    metrics: Metrics,
    shared: Rc<Shared>,
}

impl<S: Source> OpenSource<S> {
    pub(crate) fn open(
        mut source: S,
        metrics: Metrics,
        shared: &Rc<Shared>,
    ) -> Result<Self, Error> {
        source.open(&SourceContext {
            split: None,
            shared,
        })?;
        Ok(Self {
            source: RefCell::new(source),
            metrics,
            shared: Rc::clone(shared),
        })
    }
}

impl<S: Source> SourceNode for OpenSource<S> {
    fn splits(&self, parallelism: u32) -> Result<Vec<Vec<u8>>, Error> {
        let positions = self.source.borrow_mut().splits(parallelism)?;
        Ok(positions.iter().map(encode).collect())
    }

    fn poll(
        &self,
        now: Moment,
        split: u32,
        position: &[u8],
        max_records: u32,
    ) -> Result<Polled, Error> {
        self.shared.begin(now);
        let mut position = S::Position::decode(position)?;
        let mut out = SourceOutput {
            batch: Batch::default(),
            max_records,
            soft_bytes: self.shared.output_soft_bytes,
            record: std::marker::PhantomData,
        };
        let ctx = SourceContext {
            split: Some(split),
            shared: &self.shared,
        };
        let status = self
            .source
            .borrow_mut()
            .poll(&mut position, &ctx, &mut out)?;
        self.metrics.flush(&self.shared);
        self.shared.end();
        Ok(Polled {
            records: out.batch,
            position: encode(&position),
            status,
        })
    }

    fn close(&self) -> Outcome {
        let ctx = SourceContext {
            split: None,
            shared: &self.shared,
        };
        self.source.borrow_mut().close(&ctx)?;
        self.metrics.flush(&self.shared);
        self.shared.end();
        Ok(())
    }
}
