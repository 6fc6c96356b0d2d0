//! [`TtlStates`]: declares states that expire.

use std::rc::Rc;

use super::{Expire, Lifetime, Ttl, TtlListState, TtlMapState, TtlValueState};
use crate::context::OpenContext;
use crate::graph::StatePlan;
use crate::keyed::KeySpace;
use crate::row::{Row, schema_of};
use crate::state::{
    AggregatingState, ListState, MapState, ReducingState, SubKey, ValueCell, ValueState,
};
use crate::window::Aggregate;

/// Declares states that expire; made by [`OpenContext::ttl`].
pub struct TtlStates<'c, 'a> {
    context: &'c mut OpenContext<'a>,
    ttl: Ttl,
}

impl<'c, 'a> TtlStates<'c, 'a> {
    pub(crate) fn new(context: &'c mut OpenContext<'a>, ttl: Ttl) -> Self {
        Self { context, ttl }
    }

    /// Declares a state with this lifetime.
    fn declare(&mut self, mut plan: StatePlan) -> (u32, Rc<KeySpace>, Rc<Lifetime>) {
        let name = plan.name.clone();
        plan.ttl = Some(self.ttl.document());
        if self.ttl.ms < 1 {
            let ms = self.ttl.ms;
            self.context.refuse(format!(
                "state {name} is to live for {ms} ms, give at least 1"
            ));
        }
        let (number, space) = self.context.keyed_state(plan);
        let timestamp = self.context.timestamp_cell();
        let lifetime = Lifetime::new(&name, self.ttl, &space, timestamp);
        (number, space, lifetime)
    }

    fn keep<S>(&mut self, (state, expire): (S, Rc<dyn Expire>)) -> S {
        self.context.expires(expire);
        state
    }

    /// Declares one value per key.
    pub fn value_state<T: Row>(&mut self, name: &str) -> TtlValueState<T> {
        self.value(name, "value")
    }

    fn value<T: Row>(&mut self, name: &str, kind: &'static str) -> TtlValueState<T> {
        let plan = StatePlan::new(name, kind, schema_of::<T>(), None);
        let (number, space, lifetime) = self.declare(plan);
        self.keep(TtlValueState::open(
            ValueState::open(number, &space),
            lifetime,
        ))
    }

    /// Declares a list per key.
    pub fn list_state<T: Row>(&mut self, name: &str) -> TtlListState<T> {
        let plan = StatePlan::new(name, "list", schema_of::<T>(), None);
        let (number, space, lifetime) = self.declare(plan);
        self.keep(TtlListState::open(
            ListState::open(number, &space),
            lifetime,
        ))
    }

    /// Declares an ordered map per key.
    pub fn map_state<K: SubKey, V: Row>(&mut self, name: &str) -> TtlMapState<K, V> {
        let plan = StatePlan::new(name, "map", schema_of::<V>(), Some(schema_of::<K>()));
        let (number, space, lifetime) = self.declare(plan);
        self.keep(TtlMapState::open(MapState::open(number, &space), lifetime))
    }

    /// Declares a value per key that what is added is reduced into.
    pub fn reducing_state<T: Row>(
        &mut self,
        name: &str,
        reduce: impl Fn(T, T) -> T + 'static,
    ) -> ReducingState<T> {
        let value = self.value(name, "reducing");
        ReducingState::new(ValueCell::Expiring(value), reduce)
    }

    /// Declares an accumulator per key that what is added is aggregated into.
    pub fn aggregating_state<T: 'static, A: Aggregate<T>>(
        &mut self,
        name: &str,
        aggregate: A,
    ) -> AggregatingState<T, A> {
        let value: TtlValueState<A::Acc> = self.value(name, "aggregating");
        AggregatingState::new(ValueCell::Expiring(value), aggregate)
    }
}
