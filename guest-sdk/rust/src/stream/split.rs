//! [`SplitStream`]: a stream whose records carry tags, to be selected by them.
//!
//! A split is one operator with an output per selection. A selected stream is a stream like any other: it can be split
//! again, named, or joined with another.

use std::cell::RefCell;
use std::fmt::Debug;
use std::rc::Rc;

use super::Stream;
use crate::graph::{Kind, Node, OutputPlan, Partitioning, SharedGraph};
use crate::operator::Split;
use crate::row::{Row, schema_of};

/// Records of type `T`, each with any number of tags of type `G`.
pub struct SplitStream<T, G> {
    graph: SharedGraph,
    node: u32,
    /// The tags of each output.
    selections: Rc<RefCell<Vec<Vec<G>>>>,
    record: std::marker::PhantomData<fn() -> T>,
}

impl<T: Row> Stream<T> {
    /// Gives each record any number of tags, by which [`SplitStream::select`] finds it. Tags of an enum of your own make
    /// a misspelt one a compile error; text does as well.
    ///
    /// ```
    /// # use wasmill_sdk::prelude::*;
    /// # use wasmill_sdk::testing::Harness;
    /// fn job(env: &mut Env) -> Result<(), JobError> {
    ///     let numbers = env.source::<i64>(Connector::new("numbers"));
    ///     let parity = numbers.split(|n| [if n % 2 == 0 { "even" } else { "odd" }]);
    ///     let size = parity.select("even").split(|n| (*n > 9).then_some("large"));
    ///     parity.select("odd").sink(Print::new());
    ///     size.select("large").sink(Print::new());
    ///     Ok(())
    /// }
    /// let mut harness = Harness::start(&job, &[]).unwrap();
    /// harness.push(0, &[1i64, 2, 12, 13]).unwrap();
    /// assert_eq!(harness.records::<i64>(0).unwrap(), [1, 13]);
    /// assert_eq!(harness.records::<i64>(1).unwrap(), [12]);
    /// ```
    pub fn split<G, I>(self, tags: impl Fn(&T) -> I + 'static) -> SplitStream<T, G>
    where
        G: PartialEq + Debug + 'static,
        I: IntoIterator<Item = G>,
    {
        let selections = Rc::new(RefCell::new(Vec::new()));
        let opened: Rc<RefCell<Vec<Vec<G>>>> = Rc::clone(&selections);
        let mut node = Node::new(Kind::Operator, "split");
        node.inputs = vec![schema_of::<T>()];
        node.open = Some(Box::new(move |wiring| {
            let selections = opened.take();
            let outs = (0..selections.len() as u32).map(|output| wiring.out(output));
            let outs = outs.collect::<Result<Vec<_>, _>>()?;
            let split = Split::new(tags, selections.into_iter().zip(outs));
            wiring.input::<T, _>(0, &Rc::new(split));
            Ok(())
        }));
        let number = self.graph.borrow_mut().add(node, &[self.edge()]);
        SplitStream {
            graph: self.graph,
            node: number,
            selections,
            record: std::marker::PhantomData,
        }
    }
}

impl<T: Row, G: PartialEq + Debug> SplitStream<T, G> {
    /// The records that have this tag. May be asked for the same tag again.
    pub fn select(&self, tag: G) -> Stream<T> {
        self.select_any([tag])
    }

    /// The records that have at least one of these tags, each once.
    pub fn select_any(&self, tags: impl IntoIterator<Item = G>) -> Stream<T> {
        let tags: Vec<G> = tags.into_iter().collect();
        let mut selections = self.selections.borrow_mut();
        let known = selections.iter().position(|selection| *selection == tags);
        let output = known.unwrap_or_else(|| {
            let names: Vec<String> = tags.iter().map(|tag| format!("{tag:?}")).collect();
            let mut graph = self.graph.borrow_mut();
            graph.node(self.node).outputs.push(OutputPlan {
                name: names.join(" or ").replace('"', ""),
                schema: schema_of::<T>(),
                key_schema: None,
            });
            selections.push(tags);
            selections.len() - 1
        });
        Stream::new(&self.graph, self.node, output as u32, Partitioning::Forward)
    }
}
