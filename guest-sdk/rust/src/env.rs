//! [`Env`]: what a job function builds its job with, and the parameters it asks for.
//!
//! A job function must be a function of its parameters alone: it runs when the job is described, planned, and opened in
//! every task, and must build the same graph each time.

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::{Value, json};

use crate::connector::SourceSpec;
use crate::context::OpenContext;
use crate::error::{Error, JobError};
use crate::graph::{Graph, Kind, Node, OutputPlan, Partitioning, SharedGraph};
use crate::open_port::RESERVED;
use crate::restart::RestartStrategy;
use crate::row::Row;
use crate::source::{OpenSource, Source};
use crate::stream::Stream;

/// A job function.
pub type JobFn<'a> = &'a dyn Fn(&mut Env) -> Result<(), JobError>;

/// The job under construction.
pub struct Env {
    graph: SharedGraph,
    arguments: Vec<(String, String)>,
    parameters: Vec<Parameter>,
    /// Whether missing parameters get the empty value of their type.
    describing: bool,
}

struct Parameter {
    name: String,
    type_name: &'static str,
    default: Value,
    description: String,
    /// What holds: the user's or the default, as text.
    value: String,
}

impl Env {
    fn new(arguments: &[(String, String)], describing: bool) -> Self {
        Self {
            graph: Rc::new(RefCell::new(Graph::new())),
            arguments: arguments.to_vec(),
            parameters: Vec::new(),
            describing,
        }
    }

    /// Runs a job function with arguments.
    pub(crate) fn run(job: JobFn<'_>, arguments: &[(String, String)]) -> Result<Self, JobError> {
        let mut env = Self::new(arguments, false);
        job(&mut env)?;
        Ok(env)
    }

    /// Runs a job function with the defaults of its parameters, as far as it gets.
    pub(crate) fn describe(job: JobFn<'_>) -> Self {
        let mut env = Self::new(&[], true);
        // A job that refuses its defaults still has parameters to show.
        let _ = job(&mut env);
        env
    }

    pub(crate) fn into_graph(self) -> Graph {
        self.graph.replace(Graph::new())
    }

    /// The graph as it is.
    pub(crate) fn graph(&self) -> &SharedGraph {
        &self.graph
    }

    /// The parameters as the manifest shows them.
    pub(crate) fn parameters(&self) -> Vec<Value> {
        let show = |parameter: &Parameter| {
            json!({
                "name": parameter.name,
                "type": parameter.type_name,
                "default": parameter.default,
                "description": parameter.description,
            })
        };
        self.parameters.iter().map(show).collect()
    }

    /// The last argument of this name.
    pub(crate) fn argument(&self, name: &str) -> Option<&str> {
        let mut arguments = self.arguments.iter().rev();
        arguments
            .find(|(given, _)| given == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether the job is only asked what it is.
    pub(crate) fn is_describing(&self) -> bool {
        self.describing
    }

    /// The parameters with the values that hold.
    pub(crate) fn values(&self) -> Vec<(String, String)> {
        let pair = |parameter: &Parameter| (parameter.name.clone(), parameter.value.clone());
        self.parameters.iter().map(pair).collect()
    }

    /// Refuses arguments that the job never asked for.
    pub(crate) fn check_arguments(&self) -> Result<(), Error> {
        let known = || {
            self.parameters
                .iter()
                .map(|parameter| parameter.name.as_str())
        };
        match self
            .arguments
            .iter()
            .find(|(name, _)| !name.starts_with(RESERVED) && known().all(|k| k != name))
        {
            None => Ok(()),
            Some((name, _)) => Err(Error::Parameter {
                name: name.clone(),
                reason: format!(
                    "the job has no such parameter, it has: {}",
                    known().collect::<Vec<_>>().join(", ")
                ),
            }),
        }
    }

    /// Names the job. Otherwise it is named as the component's crate.
    pub fn name(&mut self, name: &str) {
        self.graph.borrow_mut().name = Some(name.to_owned());
    }

    /// Sets the number of key groups, which bounds the parallelism of the job for good.
    pub fn max_parallelism(&mut self, key_groups: u32) {
        self.graph.borrow_mut().max_parallelism = key_groups;
    }

    /// Sets what happens when the job has failed. Otherwise it is what the host is configured to do.
    pub fn restart_strategy(&mut self, strategy: RestartStrategy) {
        self.graph.borrow_mut().restart_strategy = Some(strategy);
    }

    /// Sets how many keys a keyed operator may keep in its instance between two calls. Results do not depend on it.
    pub fn cached_keys_max(&mut self, keys: usize) {
        self.graph.borrow_mut().cached_keys_max = keys;
    }

    /// Asks for a parameter of the job; finish with [`Param::default`] or [`Param::required`].
    pub fn param(&mut self, name: &str) -> Param<'_> {
        Param {
            env: self,
            name: name.to_owned(),
            description: String::new(),
        }
    }

    /// The parameters of one operator, which are set by `--param UID.NAME=VALUE`: two instances of the same logic may
    /// have different values.
    ///
    /// ```
    /// # use wasmill_sdk::prelude::*;
    /// # fn job(env: &mut Env) -> Result<(), JobError> {
    /// let limit: i64 = env.operator_params("cheap").param("limit").default(10)?;
    /// env.source::<i64>(Connector::new("prices"))
    ///     .filter(move |price| *price < limit)
    ///     .uid("cheap")
    ///     .sink(Print::new());
    /// # Ok(())
    /// # }
    /// # assert!(wasmill_sdk::testing::Harness::start(&job, &[("cheap.limit", "3")]).is_ok());
    /// ```
    pub fn operator_params(&mut self, uid: &str) -> OperatorParams<'_> {
        OperatorParams {
            env: self,
            uid: uid.to_owned(),
        }
    }

    /// Adds a source: a connector of the host that gives records of type `T`.
    pub fn source<T: Row>(&mut self, connector: impl Into<SourceSpec>) -> Stream<T> {
        let connector: SourceSpec = connector.into();
        let mut node = Node::new(Kind::Source, connector.type_name);
        node.connector = Some(connector.config);
        node.outputs = vec![OutputPlan::main::<T>()];
        let number = self.graph.borrow_mut().add(node, &[]);
        Stream::new(&self.graph, number, 0, Partitioning::Forward)
    }

    /// Adds a source of your own. The factory runs in planning mode too: see [`OpenContext`].
    pub fn add_source<S: Source>(
        &mut self,
        factory: impl Fn(&mut OpenContext<'_>) -> S + 'static,
    ) -> Stream<S::Out> {
        let mut node = Node::of_component(Kind::Source, "source", &factory);
        node.outputs = vec![OutputPlan::main::<S::Out>()];
        node.open = Some(Box::new(move |wiring| {
            let mut ctx = OpenContext::opening(wiring, None);
            let source = factory(&mut ctx);
            let source = OpenSource::open(source, ctx.finish()?.metrics, &wiring.shared)?;
            wiring.source = Some(Rc::new(source));
            Ok(())
        }));
        let number = self.graph.borrow_mut().add(node, &[]);
        Stream::new(&self.graph, number, 0, Partitioning::Forward)
    }

    /// Registers a file under a name by which operators read it ([`OpenContext::cached_file`]). The user may register
    /// another one under this name with `--cached-file NAME=PATH`.
    pub fn register_cached_file(&mut self, path: &str, name: &str) {
        let file = (name.to_owned(), path.to_owned());
        self.graph.borrow_mut().cached_files.push(file);
    }
}

/// The parameters of one operator.
pub struct OperatorParams<'a> {
    env: &'a mut Env,
    uid: String,
}

impl OperatorParams<'_> {
    /// Asks for a parameter of the operator; finish with [`Param::default`] or [`Param::required`].
    pub fn param(&mut self, name: &str) -> Param<'_> {
        let name = format!("{}.{name}", self.uid);
        self.env.param(&name)
    }
}

/// A parameter that is being asked for.
pub struct Param<'a> {
    env: &'a mut Env,
    name: String,
    description: String,
}

impl Param<'_> {
    /// Says what the parameter is for.
    #[must_use]
    pub fn describe(mut self, description: &str) -> Self {
        self.description = description.to_owned();
        self
    }

    /// The parameter's value, or `default` if the user gave none.
    ///
    /// # Errors
    /// The value does not have the form of its type.
    pub fn default<P: ParamValue>(self, default: impl Into<P>) -> Result<P, JobError> {
        let default = default.into();
        let shown = default.to_json();
        self.value(shown, move || Ok(default))
    }

    /// The parameter's value, which the user must give.
    ///
    /// # Errors
    /// There is none, or it does not have the form of its type.
    pub fn required<P: ParamValue>(self) -> Result<P, JobError> {
        let (describing, name) = (self.env.describing, self.name.clone());
        self.value(Value::Null, move || {
            if describing {
                return Ok(P::default());
            }
            Err(Error::Parameter {
                name,
                reason: format!("it is missing, give a {}", P::TYPE),
            })
        })
    }

    fn value<P: ParamValue>(
        self,
        default: Value,
        missing: impl FnOnce() -> Result<P, JobError>,
    ) -> Result<P, JobError> {
        let given = self
            .env
            .arguments
            .iter()
            .rev()
            .find(|(name, _)| *name == self.name);
        let text = match (given, &default) {
            (Some((_, text)), _) => text.clone(),
            (None, Value::String(text)) => text.clone(),
            (None, Value::Null) => String::new(),
            (None, other) => other.to_string(),
        };
        let value = match given {
            Some((_, text)) => P::parse(text).ok_or_else(|| Error::Parameter {
                name: self.name.clone(),
                reason: format!("`{text}` is no {}", P::TYPE),
            }),
            None => missing(),
        };
        if self
            .env
            .parameters
            .iter()
            .all(|known| known.name != self.name)
        {
            self.env.parameters.push(Parameter {
                name: self.name,
                type_name: P::TYPE,
                default,
                description: self.description,
                value: text,
            });
        }
        value
    }
}

/// A type that a parameter can have.
pub trait ParamValue: Default + 'static {
    /// Its name in the manifest.
    const TYPE: &'static str;
    /// Reads what the user wrote.
    fn parse(text: &str) -> Option<Self>;
    /// The value as the manifest shows it.
    fn to_json(&self) -> Value;
}

macro_rules! param_value {
    ($($type:ty, $name:literal;)+) => {
        $(impl ParamValue for $type {
            const TYPE: &'static str = $name;

            fn parse(text: &str) -> Option<Self> {
                text.parse().ok()
            }

            fn to_json(&self) -> Value {
                json!(self)
            }
        })+
    };
}

param_value! {
    String, "string";
    i64, "long";
    f64, "double";
    bool, "boolean";
}
