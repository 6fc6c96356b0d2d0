//! Key selection: writes each record with its key to the ports of a hash edge.
//!
//! It always ends a chain, because the next operator of a record is on the subtask that owns its key.

use crate::row::Row;
use crate::task::{KeyedPort, Receiver};

/// Selects keys.
pub(crate) struct KeyBy<F, K> {
    pub(crate) key: F,
    pub(crate) ports: Vec<KeyedPort>,
    pub(crate) key_type: std::marker::PhantomData<fn() -> K>,
}

impl<T: Row, K: Row, F: Fn(&T) -> K> Receiver<T> for KeyBy<F, K> {
    #[inline]
    fn receive(&self, record: T, timestamp: i64) {
        let key = (self.key)(&record);
        if let [port] = &self.ports[..] {
            return port.receive(&key, &record, timestamp);
        }
        for port in &self.ports {
            port.receive(&key, &record, timestamp);
        }
    }
}
