//! Triggers behind one type: state as bytes, so that the window operator need not know what a trigger keeps.
//!
//! Empty bytes stand for the default state, so a window that a trigger has not touched costs no state at all.

use serde_json::Value;

use super::trigger::{Scene, TimerChange, Trigger, TriggerContext, TriggerResult};
use crate::column::TimeDomain;
use crate::error::Error;
use crate::row::{Row, schema_of};

/// A trigger of any kind over records of type `T`.
pub(crate) trait AnyTrigger<T> {
    /// See [`Trigger::on_element`].
    fn on_element(&self, record: &T, call: Call<'_>) -> Result<TriggerResult, Error>;
    /// See [`Trigger::on_event_time`] and [`Trigger::on_processing_time`].
    fn on_time(
        &self,
        domain: TimeDomain,
        time: i64,
        call: Call<'_>,
    ) -> Result<TriggerResult, Error>;
    /// See [`Trigger::on_merge`].
    fn on_merge(&self, merged: &[Vec<u8>], call: Call<'_>) -> Result<(), Error>;
    /// See [`Trigger::clear`].
    fn clear(&self, call: Call<'_>) -> Result<(), Error>;
    /// See [`Trigger::can_merge`].
    fn can_merge(&self) -> bool;
    /// See [`Trigger::defect`].
    fn defect(&self) -> Option<String>;
    /// The schema of the state, if there is any.
    fn state_schema(&self) -> Option<Value>;
    /// Bytes of every state, if all have the same number.
    fn state_width(&self) -> Option<usize>;
}

/// The circumstances of a call to a trigger.
pub(crate) struct Call<'a> {
    pub(crate) scene: Scene,
    /// Its state for the key and window; empty for the default.
    pub(crate) state: &'a mut Vec<u8>,
    pub(crate) changes: &'a mut Vec<TimerChange>,
}

/// Runs a call with the state in its own type.
fn with<S: Row + Default, R>(
    call: &mut Call<'_>,
    run: impl FnOnce(&mut TriggerContext<'_, S>) -> R,
) -> Result<R, Error> {
    let mut state = read::<S>(call.state)?;
    let mut ctx = TriggerContext::new(call.scene, &mut state, call.changes);
    let result = run(&mut ctx);
    call.state.clear();
    state.encode(call.state);
    Ok(result)
}

fn read<S: Row + Default>(bytes: &[u8]) -> Result<S, Error> {
    if bytes.is_empty() {
        return Ok(S::default());
    }
    S::decode(bytes)
}

impl<T, G: Trigger<T>> AnyTrigger<T> for G {
    fn on_element(&self, record: &T, mut call: Call<'_>) -> Result<TriggerResult, Error> {
        with(&mut call, |ctx| Trigger::on_element(self, record, ctx))
    }

    fn on_time(
        &self,
        domain: TimeDomain,
        time: i64,
        mut call: Call<'_>,
    ) -> Result<TriggerResult, Error> {
        with(&mut call, |ctx| match domain {
            TimeDomain::Event => self.on_event_time(time, ctx),
            TimeDomain::Processing => self.on_processing_time(time, ctx),
        })
    }

    fn on_merge(&self, merged: &[Vec<u8>], mut call: Call<'_>) -> Result<(), Error> {
        let merged: Vec<G::State> = merged
            .iter()
            .map(|state| read(state))
            .collect::<Result<_, _>>()?;
        with(&mut call, |ctx| Trigger::on_merge(self, &merged, ctx))
    }

    fn clear(&self, mut call: Call<'_>) -> Result<(), Error> {
        with(&mut call, |ctx| Trigger::clear(self, ctx))
    }

    fn can_merge(&self) -> bool {
        Trigger::can_merge(self)
    }

    fn defect(&self) -> Option<String> {
        Trigger::defect(self)
    }

    fn state_schema(&self) -> Option<Value> {
        (G::State::WIDTH != Some(0)).then(schema_of::<G::State>)
    }

    fn state_width(&self) -> Option<usize> {
        G::State::WIDTH
    }
}
