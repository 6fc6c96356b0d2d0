//! One guest call as a transaction over a task's state, timers and output.
//!
//! What the guest reads is the committed state with its own writes of this call on top. What it writes, registers and
//! emits is kept in here, in order, and becomes real in [`Call::commit`]; [`Call::roll_back`] forgets it. The guest
//! never reaches the backend itself.

use crate::element::{Batch, Column};
use crate::ids::{CheckpointId, OperatorId, StateNumber};
use crate::key_group::{KeyGroupRange, key_group};
use crate::limits;
use crate::port::operator_state::OperatorStates;
use crate::port::overlay::Overlay;
use crate::port::state::{Addresses, Found, PendingSnapshot, StateBackend, StateError};
use crate::port::timer_change::TimerChange;
pub use crate::port::timer_change::Timers;
use crate::port::write::Write;
use crate::time::timer::{TimeDomain, TimerBatch};
use crate::time::watermark_generator::Seen;

mod scan;

/// The times that hold during one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The operator's clock, milliseconds since the Unix epoch.
    pub processing_time_ms: i64,
    /// The watermark at the input of the task.
    pub watermark_ms: i64,
}

/// The output of a call.
#[derive(Debug)]
pub struct Emitted {
    /// Which output port of the fragment.
    pub port: u32,
    /// The records.
    pub records: Batch,
}

/// A guest went over the output limit of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputLimit {
    /// Bytes the call has emitted, with the refused batch.
    pub used: u64,
    /// Bytes it may emit.
    pub allowed: u64,
}

/// The transaction around one guest call; lives as long as the task and is reused.
pub struct Call {
    /// The times of the current call; set by the task before each call.
    pub moment: Moment,
    /// What was emitted so far, in order. The task drains it after a commit.
    pub output: Vec<Emitted>,
    /// What timestamp assigners saw during the call.
    pub observed: Vec<(OperatorId, Seen)>,
    /// Refuses output beyond this many bytes in one call.
    pub output_hard_bytes: usize,
    backend: Option<Box<dyn StateBackend>>,
    operator_states: OperatorStates,
    key_groups: KeyGroupRange,
    max_parallelism: u32,
    timers: Timers,
    writes: Vec<Write>,
    overlay: Overlay,
    timer_changes: Vec<TimerChange>,
    output_bytes: usize,
}

impl Call {
    /// A call context for a task without keyed state.
    pub fn stateless() -> Self {
        Self::new(
            None,
            KeyGroupRange { start: 0, end: 0 },
            1,
            Timers::default(),
        )
    }

    /// A call context over a backend that holds the key groups `key_groups`, with the timers it restored.
    pub fn keyed(
        backend: Box<dyn StateBackend>,
        key_groups: KeyGroupRange,
        max_parallelism: u32,
        timers: Timers,
    ) -> Self {
        Self::new(Some(backend), key_groups, max_parallelism, timers)
    }

    fn new(
        backend: Option<Box<dyn StateBackend>>,
        key_groups: KeyGroupRange,
        max_parallelism: u32,
        timers: Timers,
    ) -> Self {
        Self {
            moment: Moment {
                processing_time_ms: 0,
                watermark_ms: i64::MIN,
            },
            output: Vec::new(),
            observed: Vec::new(),
            output_hard_bytes: limits::CALL_OUTPUT_HARD_BYTES,
            backend,
            operator_states: OperatorStates::default(),
            key_groups,
            max_parallelism,
            timers,
            writes: Vec::new(),
            overlay: Overlay::default(),
            timer_changes: Vec::new(),
            output_bytes: 0,
        }
    }

    /// The committed state, for snapshots and figures. `None` for a task without keyed state.
    pub fn backend(&mut self) -> Option<&mut (dyn StateBackend + 'static)> {
        self.backend.as_deref_mut()
    }

    /// The same call with operator states.
    #[must_use]
    pub fn with_operator_states(mut self, states: OperatorStates) -> Self {
        self.operator_states = states;
        self
    }

    /// The operator states; changes belong to the call under way.
    pub fn operator_states(&mut self) -> &mut OperatorStates {
        &mut self.operator_states
    }

    /// The committed timers.
    pub fn timers(&mut self) -> &mut Timers {
        &mut self.timers
    }

    fn state(
        &mut self,
        state: StateNumber,
    ) -> Result<&mut (dyn StateBackend + 'static), StateError> {
        self.backend
            .as_deref_mut()
            .ok_or(StateError::UnknownState(state))
    }

    /// Checks the columns of a bulk call, the key lengths, and that every key is this subtask's own. Columns of one
    /// width need one look at the length; a subtask that owns every key group needs none at the keys.
    fn check(&self, count: usize, keys: &Column, sub_keys: &Column) -> Result<(), StateError> {
        keys.validate("keys", count)?;
        sub_keys.validate("sub-keys", count)?;
        let addresses = Addresses {
            count,
            keys,
            sub_keys,
        };
        let owns_all = self.key_groups.len() == self.max_parallelism as usize;
        if owns_all && let (Some(key), Some(sub_key)) = (keys.width(count), sub_keys.width(count)) {
            return check_length(key + sub_key);
        }
        for index in 0..count {
            let (key, sub_key) = addresses.get(index);
            check_length(key.len() + sub_key.len())?;
            if !owns_all {
                self.check_owner(key)?;
            }
        }
        Ok(())
    }

    fn check_key(&self, key: &[u8], sub_key: &[u8]) -> Result<(), StateError> {
        check_length(key.len() + sub_key.len())?;
        self.check_owner(key)
    }

    #[inline]
    fn check_owner(&self, key: &[u8]) -> Result<(), StateError> {
        let key_group = key_group(key, self.max_parallelism);
        if self.key_groups.contains(key_group) {
            return Ok(());
        }
        let KeyGroupRange { start, end } = self.key_groups;
        Err(StateError::ForeignKey {
            key_group,
            start,
            end,
        })
    }

    /// Reads values; see [`StateBackend::get_many`].
    ///
    /// # Errors
    /// Malformed columns, a foreign key, or what the backend says.
    pub fn get_many(
        &mut self,
        state: StateNumber,
        count: usize,
        keys: &Column,
        sub_keys: &Column,
    ) -> Result<Found, StateError> {
        self.check(count, keys, sub_keys)?;
        let addresses = Addresses {
            count,
            keys,
            sub_keys,
        };
        let mut committed = Found::default();
        self.state(state)?
            .get_many(state, addresses, &mut committed)?;
        if self.writes.is_empty() {
            return Ok(committed);
        }
        self.overlay.catch_up(&self.writes);
        let mut found = Found::default();
        for index in 0..count {
            let (key, sub_key) = addresses.get(index);
            let base = (committed.present[index] == 1).then(|| committed.values.get(index, count));
            self.overlay
                .apply(&self.writes, state, (key, sub_key), base, |value| {
                    found.push(value)
                });
        }
        Ok(found)
    }

    /// Buffers puts.
    ///
    /// # Errors
    /// Malformed columns or a foreign key.
    pub fn put_many(
        &mut self,
        state: StateNumber,
        count: usize,
        keys: Column,
        sub_keys: Column,
        values: Column,
    ) -> Result<(), StateError> {
        self.check(count, &keys, &sub_keys)?;
        values.validate("values", count)?;
        self.state(state)?;
        self.writes.push(Write::Put {
            state,
            count,
            keys,
            sub_keys,
            values,
        });
        Ok(())
    }

    /// Buffers deletes.
    ///
    /// # Errors
    /// Malformed columns or a foreign key.
    pub fn delete_many(
        &mut self,
        state: StateNumber,
        count: usize,
        keys: Column,
        sub_keys: Column,
    ) -> Result<(), StateError> {
        self.check(count, &keys, &sub_keys)?;
        self.state(state)?;
        self.writes.push(Write::Delete {
            state,
            count,
            keys,
            sub_keys,
        });
        Ok(())
    }

    /// Buffers appends; see [`StateBackend::append_many`].
    ///
    /// # Errors
    /// Malformed columns or a foreign key.
    pub fn append_many(
        &mut self,
        state: StateNumber,
        count: usize,
        keys: Column,
        sub_keys: Column,
        values: Column,
    ) -> Result<(), StateError> {
        self.check(count, &keys, &sub_keys)?;
        values.validate("values", count)?;
        self.state(state)?;
        self.writes.push(Write::Append {
            state,
            count,
            keys,
            sub_keys,
            values,
        });
        Ok(())
    }

    /// Buffers the removal of every entry of some keys of a Map state.
    ///
    /// # Errors
    /// A malformed column or a foreign key.
    pub fn clear_many(
        &mut self,
        state: StateNumber,
        count: usize,
        keys: Column,
    ) -> Result<(), StateError> {
        self.check(count, &keys, &Column::default())?;
        self.state(state)?;
        self.writes.push(Write::Clear { state, count, keys });
        Ok(())
    }

    /// Buffers timer registrations.
    ///
    /// # Errors
    /// Malformed columns or a foreign key.
    pub fn register_timers(
        &mut self,
        domain: TimeDomain,
        timers: TimerBatch,
    ) -> Result<(), StateError> {
        self.change_timers(domain, timers, true)
    }

    /// Buffers timer deletions.
    ///
    /// # Errors
    /// Malformed columns or a foreign key.
    pub fn delete_timers(
        &mut self,
        domain: TimeDomain,
        timers: TimerBatch,
    ) -> Result<(), StateError> {
        self.change_timers(domain, timers, false)
    }

    fn change_timers(
        &mut self,
        domain: TimeDomain,
        timers: TimerBatch,
        register: bool,
    ) -> Result<(), StateError> {
        timers.validate()?;
        self.check(timers.len(), &timers.keys, &timers.namespaces)?;
        self.state(domain.state())?;
        self.timer_changes.push(TimerChange {
            domain,
            timers,
            register,
        });
        Ok(())
    }

    /// Buffers output of a port. Empty batches are dropped. The batch must have been validated.
    ///
    /// # Errors
    /// The call has emitted more than it may.
    pub fn emit(&mut self, port: u32, records: Batch) -> Result<(), OutputLimit> {
        if records.is_empty() {
            return Ok(());
        }
        self.output_bytes += records.size_bytes();
        if self.output_bytes > self.output_hard_bytes {
            return Err(OutputLimit {
                used: self.output_bytes as u64,
                allowed: self.output_hard_bytes as u64,
            });
        }
        self.output.push(Emitted { port, records });
        Ok(())
    }

    /// Remembers what an assigner saw.
    pub fn observe(&mut self, operator: OperatorId, seen: Seen) {
        self.observed.push((operator, seen));
    }

    /// Makes the writes and timer changes of the call real. The output stays for the task to drain.
    ///
    /// # Errors
    /// The backend refused; it is poisoned and the task must fail.
    pub fn commit(&mut self) -> Result<(), StateError> {
        self.output_bytes = 0;
        self.overlay.clear();
        self.operator_states.commit();
        if let Some(backend) = self.backend.as_deref_mut() {
            for write in self.writes.drain(..) {
                write.apply(backend)?;
            }
            for change in self.timer_changes.drain(..) {
                change.apply(&mut self.timers);
            }
        }
        Ok(())
    }

    /// First half of a snapshot of state and timers; see [`StateBackend::snapshot`]. `None` without keyed state.
    ///
    /// # Errors
    /// What the backend says.
    pub fn snapshot(
        &mut self,
        checkpoint: CheckpointId,
    ) -> Result<Option<Box<dyn PendingSnapshot>>, StateError> {
        let Some(backend) = self.backend.as_deref_mut() else {
            return Ok(None);
        };
        let timers = self.timers.freeze(backend.timers_settled());
        backend.snapshot(checkpoint, timers).map(Some)
    }

    /// Forgets everything the call did.
    pub fn roll_back(&mut self) {
        self.writes.clear();
        self.overlay.clear();
        self.operator_states.roll_back();
        self.timer_changes.clear();
        self.output.clear();
        self.observed.clear();
        self.output_bytes = 0;
    }
}

#[inline]
fn check_length(bytes: usize) -> Result<(), StateError> {
    if bytes > limits::KEY_BYTES_MAX {
        return Err(StateError::KeyTooLong {
            bytes,
            max: limits::KEY_BYTES_MAX,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
