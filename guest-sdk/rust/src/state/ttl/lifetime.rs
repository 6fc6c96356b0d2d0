//! The lifetime of one state's values: its clock, who is dead by it, and the timers that have the dead removed.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::Ttl;
use crate::column::TimeDomain;
use crate::error::Error;
use crate::keyed::{KeySpace, KeyTable, Store};

/// The first byte of the namespace of a cleanup timer; the name of the state follows. Timers of user logic have none.
const NAMESPACE: u8 = 1;

/// A state that has to be cleaned up.
pub(crate) trait Expire {
    /// Its lifetime.
    fn lifetime(&self) -> &Lifetime;

    /// Removes what is dead at `time` from the key under way.
    ///
    /// # Errors
    /// What is stored is malformed.
    fn expire(&self, time: i64) -> Result<(), Error>;
}

/// The lifetime of a state's values.
pub(crate) struct Lifetime {
    ttl: Ttl,
    namespace: Vec<u8>,
    space: Rc<KeySpace>,
    /// Timestamp of the record or timer under way.
    timestamp: Rc<Cell<i64>>,
    registered: Rc<Registered>,
}

/// The latest timer of each slot, so that it is not registered for every write.
#[derive(Default)]
struct Registered(RefCell<Vec<i64>>);

impl Store for Registered {
    fn load(&self, table: &KeyTable, _first: u32) -> Result<(), Error> {
        self.0.borrow_mut().resize(table.len() as usize, i64::MIN);
        Ok(())
    }

    fn flush(&self, _table: &KeyTable) {}

    fn clear(&self) {
        self.0.borrow_mut().clear();
    }
}

impl Lifetime {
    pub(super) fn new(
        name: &str,
        ttl: Ttl,
        space: &Rc<KeySpace>,
        timestamp: Rc<Cell<i64>>,
    ) -> Rc<Self> {
        let registered = Rc::new(Registered::default());
        let kept: Rc<Registered> = Rc::clone(&registered);
        space.add(kept);
        let mut namespace = vec![NAMESPACE];
        namespace.extend_from_slice(name.as_bytes());
        Rc::new(Self {
            ttl,
            namespace,
            space: Rc::clone(space),
            timestamp,
            registered,
        })
    }

    /// The namespace of its timers.
    pub(crate) fn namespace(&self) -> &[u8] {
        &self.namespace
    }

    /// Whether reads count as writes.
    pub(super) fn refreshes(&self) -> bool {
        self.ttl.refresh_on_read
    }

    /// The time of the state's clock; none where there is no key, or after a failure.
    ///
    /// While an event-time timer fires it is the timer's time: timers fire in order, the watermark may be far ahead.
    pub(super) fn now(&self) -> Option<i64> {
        if self.space.current.get() == u32::MAX {
            return None;
        }
        let now = self.space.shared.now();
        if self.ttl.processing {
            return Some(now.processing_time);
        }
        let timestamp = self.timestamp.get();
        let time = match self.space.is_firing.get() {
            true => timestamp,
            false => timestamp.max(now.watermark),
        };
        if time == i64::MIN {
            self.fail();
            return None;
        }
        Some(time)
    }

    #[cold]
    fn fail(&self) {
        let name = String::from_utf8_lossy(&self.namespace[1..]);
        self.space.shared.fail(Error::User(format!(
            "state {name} expires by event time, but there is neither a timestamp nor a watermark: assign timestamps, or \
             let it expire by processing time"
        )));
    }

    /// Whether a value written at `at` is dead at `now`.
    pub(super) fn is_over(&self, at: i64, now: i64) -> bool {
        at.saturating_add(self.ttl.ms) <= now
    }

    /// Sees to it that a value of the key under way, written at `now`, is removed when it is dead.
    pub(super) fn begin(&self, now: i64) {
        let slot = self.space.current.get();
        let step = (self.ttl.ms / 2).max(1);
        let over = now.saturating_add(self.ttl.ms);
        let due = over.saturating_add((-over).rem_euclid(step));
        let mut registered = self.registered.0.borrow_mut();
        let Some(latest) = registered.get_mut(slot as usize) else {
            return;
        };
        if *latest == due {
            return;
        }
        *latest = due;
        let table = self.space.table.borrow();
        let key = (table.width(), table.key(slot));
        let cleanup = &self.space.cleanup;
        cleanup.register(self.domain(), due, key, &self.namespace);
    }

    /// Notes that a timer of the key under way has fired.
    pub(crate) fn fired(&self) {
        let mut registered = self.registered.0.borrow_mut();
        if let Some(latest) = registered.get_mut(self.space.current.get() as usize) {
            *latest = i64::MIN;
        }
    }

    fn domain(&self) -> TimeDomain {
        if self.ttl.processing {
            TimeDomain::Processing
        } else {
            TimeDomain::Event
        }
    }
}
