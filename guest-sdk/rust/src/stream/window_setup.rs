//! From the words of a windowed stream to the node of a window operator: its states, outputs and defects.
//!
//! Everything that cannot work is told here, when the job is planned.

use std::rc::Rc;

use super::keyed::keyed_node;
use crate::column::TimeDomain;
use crate::context::{Declared, OpenContext};
use crate::error::{Error, Outcome};
use crate::graph::{Node, OutputPlan, StatePlan};
use crate::operator::metrics::Metrics;
use crate::row::{Row, schema_of};
use crate::task::{Collector, Head, Place, Wiring};
use crate::window::{
    AnyTrigger, Assigner, Contents, Fold, LateRecords, Shape, StateNumbers, WINDOW_STATE, Window,
    WindowAssigner, WindowContext, WindowNode, WindowOperator,
};

/// The state of a trigger.
const TRIGGER_STATE: &str = "trigger";
/// The state of windows that merge.
const MERGING_STATE: &str = "merging-windows";

/// What a windowed stream was told, apart from its function.
pub(super) struct Setup<T> {
    pub(super) assigner: Rc<dyn WindowAssigner<T>>,
    /// None for the default: the end of the window.
    pub(super) trigger: Option<Rc<dyn AnyTrigger<T>>>,
    pub(super) lateness_ms: i64,
    /// Name of the side output of late records.
    pub(super) late: Option<String>,
    pub(super) defect: Option<String>,
    /// Whether the operator has one subtask.
    pub(super) single: bool,
}

impl<T: Row> Setup<T> {
    pub(super) fn new(assigner: Rc<dyn WindowAssigner<T>>) -> Self {
        Self {
            assigner,
            trigger: None,
            lateness_ms: 0,
            late: None,
            defect: None,
            single: false,
        }
    }

    /// The windows, if the sliced operator can do them.
    pub(super) fn sliced(&self) -> Option<Assigner> {
        let regular = self.assigner.as_regular();
        regular.filter(|regular| self.trigger.is_none() && regular.domain == TimeDomain::Event)
    }

    /// What is wrong, if anything.
    fn defect(&self) -> Option<String> {
        let lateness = self.lateness_ms;
        let own = || {
            if lateness < 0 {
                return Some(format!(
                    "an allowed lateness of {lateness} ms is impossible, give 0 or more"
                ));
            }
            let trigger = self.trigger.as_ref();
            if lateness > 0 && self.assigner.domain() == TimeDomain::Processing {
                let text = "nothing is late in processing time, leave the allowed lateness away";
                return Some(text.to_owned());
            }
            if self.assigner.is_merging() && trigger.is_some_and(|trigger| !trigger.can_merge()) {
                return Some(
                    "its trigger is not made for windows that merge, choose another".to_owned(),
                );
            }
            trigger.and_then(|trigger| trigger.defect())
        };
        self.assigner
            .defect()
            .or_else(|| self.defect.clone())
            .or_else(own)
    }

    /// The node of an operator with these states.
    fn node<U: Row>(
        &self,
        type_name: &'static str,
        declared: Result<Declared, Error>,
        states: Vec<StatePlan>,
    ) -> Node {
        let mut node = keyed_node::<U>(type_name, vec![schema_of::<T>()], declared);
        node.states.extend(states);
        if let Some(name) = &self.late {
            node.outputs.push(OutputPlan {
                name: name.clone(),
                schema: schema_of::<T>(),
                key_schema: None,
            });
        }
        if let Some(defect) = self.defect() {
            node.defect = Some(defect);
        }
        if self.single {
            node.parallelism = Some(1);
            node.single = true;
        }
        node
    }

    /// The sliced operator.
    pub(super) fn slices<K: Row, U: Row, F: Fold<T>>(
        self,
        assigner: Assigner,
        type_name: &'static str,
        fold: F,
        emit: impl Fn(&K, Window, &F::Acc, &mut Collector<'_, U>) + 'static,
    ) -> Node {
        let sub_key_schema = Some(schema_of::<i64>());
        let schema = schema_of::<F::Acc>();
        let states = vec![StatePlan::new(
            WINDOW_STATE,
            "value",
            schema,
            sub_key_schema,
        )];
        let declared = OpenContext::planning(&Place::default(), false).finish();
        let mut node = self.node::<U>(type_name, declared, states);
        node.open = Some(Box::new(move |wiring| {
            let state = wiring.state_number(WINDOW_STATE)?;
            let late = self.late_records(wiring, Metrics::new(wiring.node), 1)?;
            let shape = (assigner, self.lateness_ms);
            let out = wiring.out(0)?;
            let node: WindowNode<K, T, F, U, _> =
                WindowNode::new(shape, fold, emit, state, late, out, &wiring.shared);
            let node = Rc::new(node);
            let head: Rc<dyn Head> = Rc::<WindowNode<K, T, F, U, _>>::clone(&node);
            wiring.keyed_input(0, head);
            wiring.keyed_operator(node)
        }));
        node
    }

    /// The general operator; `make` gives the window function.
    pub(super) fn general<K: Row, U: Row, C: Contents<T>, E>(
        self,
        type_name: &'static str,
        declared: Result<Declared, Error>,
        contents: C,
        make: impl Fn(&mut OpenContext<'_>) -> E + 'static,
    ) -> Node
    where
        E: Fn(&K, &WindowContext, &C::View, &mut Collector<'_, U>) -> Outcome + 'static,
    {
        let mut node = self.node::<U>(type_name, declared, self.states::<C>());
        node.open = Some(Box::new(move |wiring| {
            let mut ctx = OpenContext::opening(wiring, None);
            let emit = make(&mut ctx);
            let declared = ctx.finish()?;
            let outputs = 1 + declared.outputs.len() as u32;
            let late = self.late_records(wiring, declared.metrics, outputs)?;
            let states = self.numbers::<C>(wiring)?;
            let shape = Shape {
                assigner: self.assigner,
                trigger: self.trigger,
                lateness: self.lateness_ms,
            };
            let out = wiring.out(0)?;
            let node: WindowOperator<K, T, C, U, E> =
                WindowOperator::new(shape, contents, emit, states, late, out, &wiring.shared);
            let node = Rc::new(node);
            let head: Rc<dyn Head> = Rc::<WindowOperator<K, T, C, U, E>>::clone(&node);
            wiring.keyed_input(0, head);
            wiring.keyed_operator(node)
        }));
        node
    }

    /// Schema of the merging window set if it has the contents of the windows.
    fn set_schema<C: Contents<T>>(&self) -> Option<serde_json::Value> {
        let inline = self.assigner.is_merging() && self.trigger.is_none();
        inline.then(C::set_schema).flatten()
    }

    /// The states of the general operator.
    fn states<C: Contents<T>>(&self) -> Vec<StatePlan> {
        let state = StatePlan::new;
        if let Some(schema) = self.set_schema::<C>() {
            return vec![state(MERGING_STATE, "value", schema, None)];
        }
        let bounds = Some(schema_of::<(i64, i64)>());
        let mut states = vec![state(WINDOW_STATE, C::KIND, C::schema(), bounds.clone())];
        let schema = self
            .trigger
            .as_ref()
            .and_then(|trigger| trigger.state_schema());
        states.extend(schema.map(|schema| state(TRIGGER_STATE, "value", schema, bounds)));
        if self.assigner.is_merging() {
            let schema = schema_of::<Vec<(i64, i64, i64, i64)>>();
            states.push(state(MERGING_STATE, "value", schema, None));
        }
        states
    }

    fn numbers<C: Contents<T>>(&self, wiring: &Wiring<'_>) -> Result<StateNumbers, Error> {
        let trigger = self
            .trigger
            .as_ref()
            .filter(|trigger| trigger.state_schema().is_some());
        let trigger = trigger.map(|trigger| {
            let number = wiring.state_number(TRIGGER_STATE)?;
            Ok::<_, Error>((number, trigger.state_width()))
        });
        let merging = self
            .assigner
            .is_merging()
            .then(|| wiring.state_number(MERGING_STATE));
        let inline = self.set_schema::<C>().is_some();
        let contents = (!inline).then(|| wiring.state_number(WINDOW_STATE));
        Ok(StateNumbers {
            contents: contents.transpose()?,
            trigger: trigger.transpose()?,
            merging: merging.transpose()?,
        })
    }

    /// What becomes of late records; their side output, if there is one, has the number `output`.
    fn late_records(
        &self,
        wiring: &Wiring<'_>,
        metrics: Metrics,
        output: u32,
    ) -> Result<LateRecords<T>, Error> {
        let out = self.late.as_ref().map(|_| wiring.out(output)).transpose()?;
        Ok(LateRecords::new(metrics, out))
    }
}
