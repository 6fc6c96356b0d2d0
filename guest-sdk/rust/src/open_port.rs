//! Open ports: where records enter and leave a component that is a part of a job file's job.
//!
//! The host puts the component's operators in the place of the ports' other sides, and tells the schemas of what comes in
//! as arguments: `input.NAME.schema` and `input.NAME.key_schema`, without `NAME.` where the component has one input.

use serde_json::Value;

use crate::dynamic::{Dynamic, RowSchema};
use crate::env::Env;
use crate::error::{Error, JobError};
use crate::graph::{Kind, Node, OutputPlan, Partitioning};
use crate::row::{Row, schema_of};
use crate::stream::{KeyedStream, Stream};

/// What the names of arguments begin with that the host adds.
pub(crate) const RESERVED: &str = "input.";

impl Env {
    /// Records of type `T` that enter by the input `name`.
    pub fn input<T: Row>(&mut self, name: &str) -> Stream<T> {
        let number = self.open_input(name, schema_of::<T>(), None);
        Stream::new(self.graph(), number, 0, Partitioning::Forward)
    }

    /// Records of type `T` that enter by the input `name` and are grouped by a key of type `K`.
    pub fn input_keyed<K: Row, T: Row>(&mut self, name: &str) -> KeyedStream<K, T> {
        let number = self.open_input(name, schema_of::<T>(), Some(schema_of::<K>()));
        KeyedStream::new(self.graph(), number)
    }

    /// Records of whatever schema enter by the input `name`.
    ///
    /// # Errors
    /// The component is planned by itself: only a job file says which records come in.
    pub fn input_dynamic(&mut self, name: &str) -> Result<Stream<Dynamic>, JobError> {
        let schema = self.told(name, "schema")?;
        let number = self.open_input(name, schema, None);
        Ok(Stream::new(self.graph(), number, 0, Partitioning::Forward))
    }

    /// Records of whatever schema, grouped by whatever key, enter by the input `name`.
    ///
    /// # Errors
    /// As [`Env::input_dynamic`], or the stream has no keys.
    pub fn input_keyed_dynamic(
        &mut self,
        name: &str,
    ) -> Result<KeyedStream<Dynamic, Dynamic>, JobError> {
        let schema = self.told(name, "schema")?;
        let key_schema = self.told(name, "key_schema")?;
        let number = self.open_input(name, schema, Some(key_schema));
        Ok(KeyedStream::new(self.graph(), number))
    }

    /// Lets the records of a stream leave by the output `name`.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "as all that is done with streams; a clone can go on"
    )]
    pub fn output<T: Row>(&mut self, name: &str, stream: Stream<T>) {
        self.open_output(name, stream.edge());
    }

    /// Lets the records of a stream leave by the output `name`, with their keys.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "as all that is done with streams; a clone can go on"
    )]
    pub fn output_keyed<K: Row, T: Row>(&mut self, name: &str, stream: KeyedStream<K, T>) {
        self.open_output(name, stream.edge());
    }

    fn open_input(&mut self, name: &str, schema: Value, key_schema: Option<Value>) -> u32 {
        let mut node = Node::new(Kind::Input, "input");
        node.uid = Some(format!("input.{name}"));
        node.name = Some(name.to_owned());
        node.outputs = vec![OutputPlan {
            name: "out".to_owned(),
            schema,
            key_schema,
        }];
        self.graph().borrow_mut().add(node, &[])
    }

    fn open_output(&mut self, name: &str, edge: (u32, u32, Partitioning)) {
        let mut graph = self.graph().borrow_mut();
        let mut node = Node::new(Kind::Output, "output");
        node.uid = Some(format!("output.{name}"));
        node.name = Some(name.to_owned());
        if graph.node(edge.0).kind == Kind::Input {
            node.defect = Some("it is an open input, put an operator between".to_owned());
        }
        let schema = graph.node(edge.0).outputs[edge.1 as usize].schema.clone();
        node.inputs = vec![schema];
        graph.add(node, &[edge]);
    }

    /// What the host says about an input.
    fn told(&self, name: &str, what: &str) -> Result<Value, Error> {
        let told = self.argument(&format!("{RESERVED}{name}.{what}"));
        let Some(text) = told.or_else(|| self.argument(&format!("{RESERVED}{what}"))) else {
            if self.is_describing() {
                return Ok(Value::from("bytes"));
            }
            let reason = match what {
                "schema" => "nothing says which records come in: name the component in a job file",
                _ => "the stream has no keys: put a key_by before it",
            };
            return Err(Error::Graph {
                operator: format!("input.{name}"),
                reason: reason.to_owned(),
            });
        };
        let schema: Value = serde_json::from_str(text).map_err(|error| Error::Graph {
            operator: format!("input.{name}"),
            reason: format!("its {what} is not readable: {error}"),
        })?;
        RowSchema::parse(&schema)?;
        Ok(schema)
    }
}
