//! The graph as the JSON of `wit/MANIFEST.md`.
//!
//! What only shows when the whole job is known is checked here: states without keys, `uid`s given twice, sinks that are
//! missing. Everything else is the host's to check.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Graph, Kind, Node, is_dynamic};
use crate::error::Error;

/// The schema of a state; of dynamic records nothing is known but that they are bytes.
fn known(schema: &Value) -> Value {
    if is_dynamic(schema) {
        json!("bytes")
    } else {
        schema.clone()
    }
}

/// The inputs of an operator.
fn inputs(node: &Node) -> Value {
    let input = |(index, schema): (usize, &Value)| {
        let mut fields = json!({ "schema": schema });
        if node.complete_first == Some(index) {
            fields["complete_first"] = json!(true);
        }
        fields
    };
    node.inputs.iter().enumerate().map(input).collect()
}

/// What is missing if an operator gives records whose schema nobody has said.
fn undecided(node: &Node) -> Option<String> {
    node.outputs.iter().find_map(|output| {
        if is_dynamic(&output.schema) {
            let name = &output.name;
            return Some(format!(
                "nothing says which schema its output {name} has: call returns"
            ));
        }
        let key = output.key_schema.as_ref().filter(|key| is_dynamic(key));
        key.map(|_| "nothing says which schema its keys have: call returns_key".to_owned())
    })
}

impl Graph {
    /// The `uid` of an operator: the one it was given, else its type and number.
    pub(crate) fn uid(&self, number: u32) -> String {
        let node = &self.nodes[number as usize];
        let default = || format!("{}-{number}", node.type_name.replace([' ', '_'], "-"));
        node.uid.clone().unwrap_or_else(default)
    }

    /// The `plan` document.
    ///
    /// # Errors
    /// What is wrong with the graph.
    pub(crate) fn plan(&self, default_name: &str) -> Result<Value, Error> {
        self.check()?;
        let edges: Vec<Value> = self
            .edges()
            .iter()
            .map(|edge| {
                json!({
                    "from": edge.from,
                    "output": edge.output,
                    "to": edge.to,
                    "input": edge.input,
                    "partitioning": edge.partitioning.name(),
                })
            })
            .collect();
        let cached_files: Vec<Value> = self
            .cached_files
            .iter()
            .map(|(name, path)| json!({ "name": name, "path": path }))
            .collect();
        let mut plan = json!({
            "version": 1,
            "name": self.name.as_deref().unwrap_or(default_name),
            "max_parallelism": self.max_parallelism,
            "operators": self.operators(),
            "edges": edges,
            "cached_files": cached_files,
        });
        // Hosts that know no strategies of jobs take the plan of one that has none.
        if let Some(strategy) = self.restart_strategy {
            plan["restart_strategy"] = strategy.document();
        }
        Ok(plan)
    }

    /// The operators as both documents show them.
    pub(crate) fn operators(&self) -> Vec<Value> {
        (0..self.next_number())
            .map(|number| self.operator(number))
            .collect()
    }

    fn operator(&self, number: u32) -> Value {
        let node = &self.nodes[number as usize];
        let mut fields = Map::new();
        let mut set = |name: &str, value: Value| {
            fields.insert(name.to_owned(), value);
        };
        set("id", json!(number));
        set("uid", json!(self.uid(number)));
        set(
            "name",
            json!(node.name.as_deref().unwrap_or(node.type_name)),
        );
        let kind = match node.kind {
            Kind::Source => "source",
            Kind::Operator => "operator",
            Kind::Sink => "sink",
            Kind::Input => "input",
            Kind::Output => "output",
        };
        set("kind", json!(kind));
        set("parallelism", json!(self.parallelism(number)));
        if !node.chain {
            set("chain", json!(false));
        }
        if let Some(on_failure) = node.on_failure {
            set("on_failure", json!(on_failure.name()));
        }
        if let Some(connector) = &node.connector {
            set("connector", connector.clone());
        }
        if !matches!(node.kind, Kind::Source | Kind::Input) {
            set("inputs", inputs(node));
        }
        if !matches!(node.kind, Kind::Sink | Kind::Output) {
            let outputs = node.outputs.iter().map(|output| {
                let mut fields = json!({ "name": output.name, "schema": output.schema });
                if let Some(key_schema) = &output.key_schema {
                    fields["key_schema"] = key_schema.clone();
                }
                fields
            });
            set("outputs", Value::Array(outputs.collect()));
        }
        if node.kind == Kind::Operator {
            set("keyed", json!(node.keyed));
            let states = node.states.iter().map(|state| {
                let mut fields = json!({
                    "name": state.name,
                    "kind": state.kind,
                    "schema": known(&state.schema),
                    "sub_key_schema": state.sub_key_schema.as_ref().map(known),
                    "version": state.version,
                });
                if let Some(ttl) = &state.ttl {
                    fields["ttl"] = ttl.clone();
                }
                fields
            });
            set("states", Value::Array(states.collect()));
            set("watermarks", json!(node.watermarks));
        }
        if !node.reach.grants.is_empty() {
            set("grants", json!(node.reach.grants));
        }
        if !node.reach.cached_files.is_empty() {
            set("cached_files", json!(node.reach.cached_files));
        }
        Value::Object(fields)
    }

    fn check(&self) -> Result<(), Error> {
        let mut uids = BTreeSet::new();
        for number in 0..self.next_number() {
            let node = &self.nodes[number as usize];
            let refuse = |reason: String| Error::Graph {
                operator: self.uid(number),
                reason,
            };
            if let Some(defect) = &node.defect {
                return Err(refuse(defect.clone()));
            }
            if let Some(reason) = undecided(node) {
                return Err(refuse(reason));
            }
            if !uids.insert(self.uid(number)) {
                return Err(refuse("another operator has this uid".to_owned()));
            }
            if node.kind == Kind::Operator && !node.reach.grants.is_empty() {
                let reason = "it asks for files; only sources and sinks may write to the outside";
                return Err(refuse(reason.to_owned()));
            }
            let mut states = BTreeSet::new();
            if let Some(twice) = node.states.iter().find(|state| !states.insert(&state.name)) {
                return Err(refuse(format!("it declares state {} twice", twice.name)));
            }
            if node.single && node.parallelism != Some(1) {
                let text = "it has the records of the whole stream and can only have parallelism 1";
                return Err(refuse(text.to_owned()));
            }
            let mut outputs = BTreeSet::new();
            if let Some(twice) = node.outputs.iter().find(|o| !outputs.insert(&o.name)) {
                return Err(refuse(format!("it declares output {} twice", twice.name)));
            }
            if node.parallelism == Some(0) {
                return Err(refuse("its parallelism is 0, give at least 1".to_owned()));
            }
        }
        if self.nodes.is_empty() {
            return Err(Error::User("the job has no operators".to_owned()));
        }
        Ok(())
    }
}
