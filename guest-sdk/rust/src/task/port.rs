//! Output ports: records are encoded into columns and emitted once a call, or once every few thousand.
//!
//! A port owns its buffers for the life of the instance. It counts what it emits, which is how a call knows when to
//! stop; it never looks at the soft limit itself.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;

use super::receiver::Receiver;
use super::shared::Shared;
use crate::column::Batch;
use crate::row::Row;

/// Records after which a port emits.
const RECORDS_MAX: u32 = 4096;

/// Bytes of values after which a port emits.
const BYTES_MAX: usize = 64 * 1024;

/// The part of a port that does not depend on its record type.
pub(crate) struct PortBuffer {
    number: u32,
    bytes_max: usize,
    shared: Rc<Shared>,
    batch: RefCell<Batch>,
}

impl PortBuffer {
    pub(crate) fn new(number: u32, shared: &Rc<Shared>) -> Rc<Self> {
        Rc::new(Self {
            number,
            bytes_max: BYTES_MAX.min(shared.output_soft_bytes),
            shared: Rc::clone(shared),
            batch: RefCell::new(Batch::default()),
        })
    }

    /// Emits what is there.
    pub(crate) fn flush(&self) {
        self.flush_batch(&mut self.batch.borrow_mut());
    }

    #[inline(never)]
    fn flush_batch(&self, batch: &mut Batch) {
        if batch.is_empty() {
            return;
        }
        self.shared.sent(batch.size_bytes());
        self.shared.host.emit(self.number, batch);
        batch.clear();
    }

    // Called once a record and from few places: as a call of its own it costs as much as what it does.
    #[inline(always)]
    fn push(&self, timestamp: i64, write: impl FnOnce(&mut Batch)) {
        let mut batch = self.batch.borrow_mut();
        batch.push_timestamp(timestamp);
        write(&mut batch);
        batch.count += 1;
        if batch.count >= RECORDS_MAX || batch.values.data.len() >= self.bytes_max {
            self.flush_batch(&mut batch);
        }
    }
}

/// A port of an unkeyed output.
pub(crate) struct Port<T> {
    buffer: Rc<PortBuffer>,
    record: PhantomData<fn(T)>,
}

impl<T: Row> Port<T> {
    pub(crate) fn new(buffer: Rc<PortBuffer>) -> Self {
        Self {
            buffer,
            record: PhantomData,
        }
    }
}

impl<T: Row> Receiver<T> for Port<T> {
    #[inline]
    fn receive(&self, record: T, timestamp: i64) {
        self.buffer.push(timestamp, |batch| {
            record.encode(&mut batch.values.data);
            batch.values.close(T::WIDTH);
        });
    }
}

/// A port of a keyed output: takes records with their keys.
pub(crate) struct KeyedPort {
    buffer: Rc<PortBuffer>,
}

impl KeyedPort {
    pub(crate) fn new(buffer: Rc<PortBuffer>) -> Self {
        Self { buffer }
    }

    /// Emits a record with its key.
    #[inline]
    pub(crate) fn receive<K: Row, T: Row>(&self, key: &K, record: &T, timestamp: i64) {
        self.buffer.push(timestamp, |batch| {
            key.encode(&mut batch.keys.data);
            batch.keys.close(K::WIDTH);
            record.encode(&mut batch.values.data);
            batch.values.close(T::WIDTH);
        });
    }
}
