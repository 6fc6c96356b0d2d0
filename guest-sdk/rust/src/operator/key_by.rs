//! Key selection: writes each record with its key to the ports of a hash edge.
//!
//! It always ends a chain, because the next operator of a record is on the subtask that owns its key.

use std::rc::Rc;

use crate::error::Error;
use crate::row::Row;
use crate::task::{KeyedPort, Receiver, Shared};

/// Selects keys.
pub(crate) struct KeyBy<F, K> {
    pub(crate) key: F,
    pub(crate) ports: Vec<KeyedPort>,
    pub(crate) key_type: std::marker::PhantomData<fn() -> K>,
}

impl<T: Row, K: Row, F: Fn(&T) -> K> Receiver<T> for KeyBy<F, K> {
    #[inline]
    fn receive(&self, record: T, timestamp: i64) {
        send(&self.ports, &(self.key)(&record), &record, timestamp);
    }
}

/// Selects keys that a record may not have: then it fails the call.
pub(crate) struct TryKeyBy<F, K> {
    pub(crate) key: F,
    pub(crate) ports: Vec<KeyedPort>,
    pub(crate) shared: Rc<Shared>,
    pub(crate) key_type: std::marker::PhantomData<fn() -> K>,
}

impl<T: Row, K: Row, F: Fn(&T) -> Result<K, Error>> Receiver<T> for TryKeyBy<F, K> {
    #[inline]
    fn receive(&self, record: T, timestamp: i64) {
        match (self.key)(&record) {
            Ok(key) => send(&self.ports, &key, &record, timestamp),
            Err(error) => self.shared.fail(error),
        }
    }
}

#[inline]
fn send<K: Row, T: Row>(ports: &[KeyedPort], key: &K, record: &T, timestamp: i64) {
    if let [port] = ports {
        return port.receive(key, record, timestamp);
    }
    for port in ports {
        port.receive(key, record, timestamp);
    }
}
