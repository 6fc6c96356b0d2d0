//! How watermarks run along the edges inside an instance.
//!
//! An operator's watermark is the least of its inputs' and never goes back. An assigner takes none from its input: the
//! host gives its output one.

use std::collections::BTreeMap;

/// The watermarks of all operators of an instance.
#[derive(Debug, Default)]
pub(crate) struct WatermarkFlow {
    nodes: BTreeMap<u32, NodeFlow>,
}

#[derive(Debug)]
struct NodeFlow {
    assigns: bool,
    /// Watermark of each input, and whether the task's inputs feed it.
    inputs: Vec<(i64, bool)>,
    current: i64,
    /// Operators and inputs inside the instance that its outputs feed.
    next: Vec<(u32, u32)>,
}

impl WatermarkFlow {
    /// Adds an operator with one entry per input: whether the task's inputs feed it.
    pub(crate) fn add(
        &mut self,
        operator: u32,
        assigns: bool,
        fed_by_task: Vec<bool>,
        next: Vec<(u32, u32)>,
    ) {
        let inputs = fed_by_task.into_iter().map(|fed| (i64::MIN, fed)).collect();
        let node = NodeFlow {
            assigns,
            inputs,
            current: i64::MIN,
            next,
        };
        self.nodes.insert(operator, node);
    }

    /// Takes the watermark that the host tells about `operator` and calls `advanced` for every operator, upstream
    /// first, whose own watermark rises.
    pub(crate) fn advance(
        &mut self,
        operator: u32,
        watermark: i64,
        advanced: &mut impl FnMut(u32, i64),
    ) {
        let Some(node) = self.nodes.get_mut(&operator) else {
            return;
        };
        if node.assigns {
            for (operator, input) in node.next.clone() {
                self.arrive(operator, input, watermark, advanced);
            }
            return;
        }
        for (at, fed) in &mut node.inputs {
            if *fed {
                *at = watermark.max(*at);
            }
        }
        self.settle(operator, advanced);
    }

    fn arrive(
        &mut self,
        operator: u32,
        input: u32,
        watermark: i64,
        advanced: &mut impl FnMut(u32, i64),
    ) {
        let Some(node) = self.nodes.get_mut(&operator) else {
            return;
        };
        if let Some((at, _)) = node.inputs.get_mut(input as usize) {
            *at = watermark.max(*at);
        }
        if !node.assigns {
            self.settle(operator, advanced);
        }
    }

    fn settle(&mut self, operator: u32, advanced: &mut impl FnMut(u32, i64)) {
        let Some(node) = self.nodes.get_mut(&operator) else {
            return;
        };
        let least = node.inputs.iter().map(|(at, _)| *at).min();
        let least = least.unwrap_or(i64::MIN);
        if least > node.current {
            node.current = least;
            advanced(operator, least);
            for (operator, input) in node.next.clone() {
                self.arrive(operator, input, least, advanced);
            }
        }
    }
}
