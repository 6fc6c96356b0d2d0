//! Timer changes of a call, gathered in columns and sent once at its end.
//!
//! Registering and deleting the same timer in one call must reach the host in that order: when the kind of change
//! turns, what was gathered before goes out first. Usually it never turns.

use std::cell::RefCell;
use std::rc::Rc;

use crate::column::{TimeDomain, TimerBatch};
use crate::task::Shared;

/// Gathers timer changes.
pub(crate) struct TimerService {
    shared: Rc<Shared>,
    namespace_width: Option<usize>,
    pending: RefCell<[Pending; 2]>,
}

/// Changes of one domain, all of one kind.
#[derive(Default)]
struct Pending {
    deletes: bool,
    timers: TimerBatch,
}

impl TimerService {
    /// A service whose timers all have namespaces of this width.
    pub(crate) fn new(shared: &Rc<Shared>, namespace_width: usize) -> Self {
        Self {
            shared: Rc::clone(shared),
            namespace_width: Some(namespace_width),
            pending: RefCell::default(),
        }
    }

    /// A service whose timers have namespaces of any length.
    pub(crate) fn with_any_namespace(shared: &Rc<Shared>) -> Self {
        Self {
            shared: Rc::clone(shared),
            namespace_width: None,
            pending: RefCell::default(),
        }
    }

    /// Registers a timer of a key.
    pub(crate) fn register(
        &self,
        domain: TimeDomain,
        time: i64,
        key: (Option<usize>, &[u8]),
        namespace: &[u8],
    ) {
        self.change(false, domain, time, key, namespace);
    }

    /// Deletes a timer of a key.
    pub(crate) fn delete(
        &self,
        domain: TimeDomain,
        time: i64,
        key: (Option<usize>, &[u8]),
        namespace: &[u8],
    ) {
        self.change(true, domain, time, key, namespace);
    }

    fn change(
        &self,
        deletes: bool,
        domain: TimeDomain,
        time: i64,
        key: (Option<usize>, &[u8]),
        namespace: &[u8],
    ) {
        let mut pending = self.pending.borrow_mut();
        let pending = &mut pending[domain as usize];
        if pending.deletes != deletes {
            Self::send(&self.shared, domain, pending);
            pending.deletes = deletes;
        }
        pending
            .timers
            .push(time, key, (self.namespace_width, namespace));
    }

    fn send(shared: &Shared, domain: TimeDomain, pending: &mut Pending) {
        if pending.timers.is_empty() {
            return;
        }
        if pending.deletes {
            shared.host.delete_timers(domain, &mut pending.timers);
        } else {
            shared.host.register_timers(domain, &mut pending.timers);
        }
        pending.timers.clear();
    }

    /// Sends what is left at the end of a call.
    pub(crate) fn flush(&self) {
        let mut pending = self.pending.borrow_mut();
        let [event, processing] = &mut *pending;
        Self::send(&self.shared, TimeDomain::Event, event);
        Self::send(&self.shared, TimeDomain::Processing, processing);
    }
}
