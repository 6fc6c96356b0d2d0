//! From an execution graph to running tasks: mailboxes first, then a channel per pair of subtasks, then a thread each.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;

use dataflow::clock::Clock;
use dataflow::graph::execution::{Target, Vertex};
use dataflow::graph::logical::Partitioning;
use dataflow::ids::{OperatorId, TaskId, VertexId};
use dataflow::key_group::range_of_subtask;
use dataflow::limits::SEGMENT_BYTES;
use dataflow::port::sink::SinkContext;
use dataflow::port::source::{SourceSplit, Wake};
use dataflow::port::state::{BackendSpec, StateBackendFactory};
use dataflow::time::watermark_alignment::{AlignmentMember, alignment_group};
use runtime::network::buffer_pool::BufferPool;
use runtime::network::channel::{ChannelSender, channel};
use runtime::network::input_gate::InputChannel;
use runtime::network::record_writer::RecordWriter;
use runtime::task::error::TaskError;
use runtime::task::event::EventSink;
use runtime::task::figures::TaskFigures;
use runtime::task::mailbox::{Mailbox, MailboxSender, mailbox};
use runtime::task::poison::PoisonWish;
use runtime::task::spec::{
    OperatorStateWish, Outlet, PortWish, SinkWish, SourceWish, StateWish, TaskEnvironment,
    TaskLimits, TaskSpec, TaskWiring,
};
use runtime::task::storage_pool::StoragePool;

use super::failure::DeployError;
use super::fragment::fragment_spec;
use super::job::Job;
use super::monitor::Monitor;
use super::prepared_task::PreparedTask;
use super::restore::{Inheritance, deal};
use crate::config::Config;

/// A deployed task, from outside.
pub(crate) struct RunningTask {
    /// Which task.
    pub(crate) id: TaskId,
    /// Its chain.
    pub(crate) name: String,
    /// Its mailbox.
    pub(crate) mailbox: MailboxSender,
    /// Its figures.
    pub(crate) figures: Arc<TaskFigures>,
    /// Its thread.
    pub(crate) thread: JoinHandle<()>,
}

/// What a deployment is made with.
pub(crate) struct Deployment<'a> {
    /// The job.
    pub(crate) job: &'a Job,
    /// What it inherits.
    pub(crate) inheritance: &'a Inheritance<'a>,
    /// Settings.
    pub(crate) config: &'a Config,
    /// How many times the job was deployed before.
    pub(crate) attempt: u32,
    /// Time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Opens keyed state.
    pub(crate) backends: Arc<dyn StateBackendFactory>,
    /// Writes snapshots.
    pub(crate) storage: Arc<StoragePool>,
    /// Takes events.
    pub(crate) events: EventSink,
    /// Marks temporary names of this run.
    pub(crate) run: String,
    /// Working directory of this run.
    pub(crate) work_dir: std::path::PathBuf,
}

/// The writers of every task, each with the edge it belongs to.
type Writers = BTreeMap<TaskId, Vec<(usize, RecordWriter)>>;

/// The input channels of every task.
type Channels = BTreeMap<TaskId, Vec<InputChannel>>;

/// The places of every task's assigners in their alignment groups.
type Alignments = BTreeMap<TaskId, Vec<(OperatorId, AlignmentMember)>>;

type Mailboxes = BTreeMap<TaskId, (MailboxSender, Option<Mailbox>)>;

impl Deployment<'_> {
    /// Starts every task. On an error the ones started so far are left to the caller's cancellation by dropping their
    /// channels: they fail and end.
    ///
    /// # Errors
    /// Something cannot be opened.
    pub(crate) fn start(&self) -> Result<Vec<RunningTask>, DeployError> {
        let tasks = self.prepare()?.into_iter();
        tasks.map(|task| Ok(task.start()?)).collect()
    }

    /// Publishes what the restored checkpoint prepared, and wires every task; none runs yet.
    ///
    /// # Errors
    /// Something cannot be made.
    pub(crate) fn prepare(&self) -> Result<Vec<PreparedTask>, DeployError> {
        let execution = &self.job.execution;
        let mut in_flight = self.inheritance.in_flight(self.storage.store())?;
        self.publish_prepared()?;
        let mut mailboxes: Mailboxes = execution
            .vertices
            .iter()
            .flat_map(|vertex| {
                (0..vertex.parallelism).map(|subtask| TaskId {
                    vertex: vertex.id,
                    subtask,
                })
            })
            .map(|id| {
                let (sender, receiver) = mailbox();
                (id, (sender, Some(receiver)))
            })
            .collect();
        let (mut writers, mut channels) = self.connect(&mailboxes);
        let mut alignments = self.align(&mailboxes);
        let mut prepared = Vec::new();
        for vertex in &execution.vertices {
            let mut splits = self.splits(vertex)?;
            for subtask in 0..vertex.parallelism {
                let id = TaskId {
                    vertex: vertex.id,
                    subtask,
                };
                let Some((sender, receiver)) = mailboxes.get_mut(&id) else {
                    continue;
                };
                let Some(receiver) = receiver.take() else {
                    continue;
                };
                let edges = writers.remove(&id).unwrap_or_default();
                let index_of: BTreeMap<usize, usize> = edges
                    .iter()
                    .enumerate()
                    .map(|(at, (edge, _))| (*edge, at))
                    .collect();
                let own_splits = std::mem::take(&mut splits[subtask as usize]);
                let mut spec = self.task(vertex, subtask, own_splits, &index_of)?;
                spec.alignments = alignments.remove(&id).unwrap_or_default();
                spec.in_flight = in_flight.remove(&id);
                let wiring = TaskWiring {
                    channels: channels.remove(&id).unwrap_or_default(),
                    writers: edges.into_iter().map(|(_, writer)| writer).collect(),
                    mailbox: receiver,
                    waker: sender.waker(),
                };
                let environment = TaskEnvironment {
                    clock: Arc::clone(&self.clock),
                    events: Arc::clone(&self.events),
                    storage: Arc::clone(&self.storage),
                    figures: Arc::new(TaskFigures::default()),
                };
                prepared.push(PreparedTask {
                    spec,
                    wiring,
                    environment,
                    mailbox: sender.clone(),
                });
            }
        }
        Ok(prepared)
    }

    /// Publishes what the restored checkpoint prepared, and clears away what never became part of one.
    fn publish_prepared(&self) -> Result<(), DeployError> {
        for (operator, sink) in &self.job.sinks {
            let committables = self
                .inheritance
                .committables(*operator, self.storage.store())?;
            let refuse = |source| DeployError::Connector {
                uid: self.job.uid(*operator),
                source,
            };
            // What the checkpoint prepared belongs to the output, whether or not it was published before the crash.
            sink.commit(&committables).map_err(refuse)?;
            if let Some((restored, runs)) = self.inheritance.passed_over() {
                tracing::warn!(
                    sink = self.job.uid(*operator),
                    "taking back what was published after {restored}"
                );
                sink.withdraw(restored, runs).map_err(refuse)?;
            }
            sink.recover(&committables).map_err(refuse)?;
        }
        Ok(())
    }

    /// Makes the alignment groups that the assigners name.
    fn align(&self, mailboxes: &Mailboxes) -> Alignments {
        let mut groups: BTreeMap<&str, Vec<(TaskId, OperatorId, i64)>> = BTreeMap::new();
        for vertex in &self.job.execution.vertices {
            for (operator, strategy) in &vertex.assigners {
                let Some(alignment) = &strategy.alignment else {
                    continue;
                };
                let group = groups.entry(&alignment.group).or_default();
                group.extend((0..vertex.parallelism).map(|subtask| {
                    let id = TaskId {
                        vertex: vertex.id,
                        subtask,
                    };
                    (id, *operator, alignment.max_drift_ms)
                }));
            }
        }
        let mut alignments = Alignments::new();
        for group in groups.into_values() {
            let wake = |(id, _, drift): &(TaskId, OperatorId, i64)| {
                let waker = mailboxes[id].0.waker();
                let wake: Wake = Arc::new(move || waker.wake());
                (*drift, wake)
            };
            let members = alignment_group(group.iter().map(wake).collect());
            for ((id, operator, _), member) in group.into_iter().zip(members) {
                alignments.entry(id).or_default().push((operator, member));
            }
        }
        alignments
    }

    /// Makes the channels of every edge and hands each end to its task.
    fn connect(&self, mailboxes: &Mailboxes) -> (Writers, Channels) {
        let execution = &self.job.execution;
        let pool = BufferPool::new(self.config.network_memory_bytes as usize / SEGMENT_BYTES);
        let mut writers = Writers::new();
        let mut inputs = Channels::new();
        let waker = |id: &TaskId| mailboxes[id].0.waker();
        let parallelism = |id: VertexId| execution.vertices[id.0 as usize].parallelism;
        for (index, edge) in execution.edges.iter().enumerate() {
            for from in 0..parallelism(edge.from) {
                let producer = TaskId {
                    vertex: edge.from,
                    subtask: from,
                };
                let targets = match edge.partitioning {
                    Partitioning::Forward => from..from + 1,
                    Partitioning::Hash | Partitioning::Rebalance | Partitioning::Broadcast => {
                        0..parallelism(edge.to)
                    }
                };
                let senders: Vec<ChannelSender> = targets
                    .map(|to| {
                        let consumer = TaskId {
                            vertex: edge.to,
                            subtask: to,
                        };
                        let (sender, receiver) = channel(&pool, waker(&producer), waker(&consumer));
                        let channel = InputChannel {
                            receiver,
                            input: edge.input,
                            complete_first: edge.complete_first,
                        };
                        inputs.entry(consumer).or_default().push(channel);
                        sender
                    })
                    .collect();
                let writer =
                    RecordWriter::new(edge.partitioning, senders, execution.max_parallelism);
                writers.entry(producer).or_default().push((index, writer));
            }
        }
        (writers, inputs)
    }

    /// The splits of every subtask of a source: the saved ones or new ones, dealt out in turn.
    fn splits(&self, vertex: &Vertex) -> Result<Vec<Vec<SourceSplit>>, DeployError> {
        let Some(operator) = vertex.source else {
            return Ok(deal(Vec::new(), vertex.parallelism));
        };
        if let Some(saved) = self.inheritance.dealt_splits(vertex, operator)? {
            return Ok(saved);
        }
        let splits = self.job.sources[&operator].splits(vertex.parallelism);
        let splits = splits.map_err(|source| DeployError::Connector {
            uid: self.job.uid(operator),
            source,
        })?;
        Ok(deal(splits, vertex.parallelism))
    }

    /// What discovers splits while the job runs, one for each source that does that.
    ///
    /// # Errors
    /// The splits of the checkpoint cannot be read.
    pub(crate) fn monitors(&self) -> Result<Vec<Monitor>, DeployError> {
        let mut monitors = Vec::new();
        for vertex in &self.job.execution.vertices {
            let Some(operator) = vertex.source else {
                continue;
            };
            let known = self.inheritance.splits(vertex, operator)?;
            let enumerator = self.job.sources[&operator]
                .enumerator(&known.unwrap_or_default())
                .map_err(|source| DeployError::Connector {
                    uid: self.job.uid(operator),
                    source,
                })?;
            if let Some(enumerator) = enumerator {
                let uid = self.job.uid(operator);
                monitors.push(Monitor::new(uid, vertex, enumerator));
            }
        }
        Ok(monitors)
    }

    fn task(
        &self,
        vertex: &Vertex,
        subtask: u32,
        splits: Vec<SourceSplit>,
        writer_of_edge: &BTreeMap<usize, usize>,
    ) -> Result<TaskSpec, DeployError> {
        let is_sink = |id: &OperatorId| self.job.sinks.contains_key(id);
        let poison = self.job.poison.get(&vertex.id).cloned().unwrap_or_default();
        let mut sinks: Vec<OperatorId> = vertex.operators.iter().copied().filter(is_sink).collect();
        if let PoisonWish::DeadLetter(letters, _) = &poison {
            sinks.push(*letters);
        }
        let outlet = |target: &Target| match target {
            Target::Edge(edge) => Outlet::Writer(writer_of_edge[edge]),
            Target::Sink(id) => Outlet::Sink(sinks.iter().position(|sink| sink == id).unwrap_or(0)),
        };
        let port = |port: &dataflow::graph::execution::Port| PortWish {
            event_time_from: port.event_time_from,
            outlets: port.targets.iter().map(outlet).collect(),
        };
        Ok(TaskSpec {
            id: TaskId {
                vertex: vertex.id,
                subtask,
            },
            name: vertex.name.clone(),
            source: vertex.source.map(|source| SourceWish {
                source: Arc::clone(&self.job.sources[&source]),
                splits,
                parallelism: vertex.parallelism,
            }),
            fragment: self.job.component_of(vertex).map(|component| {
                let fragment = fragment_spec(self.job, vertex, component, subtask, self.attempt);
                (Arc::clone(&component.operators), fragment)
            }),
            heads: vertex.heads.clone(),
            assigners: vertex.assigners.clone(),
            alignments: Vec::new(),
            state: self.state(vertex, subtask)?,
            operator_states: self.operator_states(vertex, subtask)?,
            sinks: sinks
                .iter()
                .map(|sink| self.sink(vertex, *sink, subtask))
                .collect::<Result<_, _>>()?,
            ports: vertex.ports.iter().map(port).collect(),
            head_outlets: vertex.head_targets.iter().map(outlet).collect(),
            restored: self.inheritance.restored(vertex, subtask),
            poison,
            limits: self.limits(vertex),
            persist: self.config.checkpoint_interval.is_some(),
            mode: self.config.checkpoint_mode,
            may_overtake: self.config.unaligned_after.is_some(),
            in_flight: None,
            buffer_timeout_ns: u64::try_from(self.config.buffer_timeout.as_nanos())
                .unwrap_or(u64::MAX),
        })
    }

    /// What the chain may keep, as its operators or the configuration say.
    fn limits(&self, vertex: &Vertex) -> TaskLimits {
        let (own, config) = (&vertex.guest, &self.config.guest);
        TaskLimits {
            state_bytes: own.state_bytes.unwrap_or(config.state_bytes),
            timers: own.timers.unwrap_or(config.timers),
        }
    }

    fn operator_states(
        &self,
        vertex: &Vertex,
        subtask: u32,
    ) -> Result<OperatorStateWish, DeployError> {
        let (saved, share) = self.inheritance.operator_states(vertex, subtask)?;
        let specs = vertex.operator_states.iter();
        Ok(OperatorStateWish {
            specs: specs.map(|(_, _, spec)| spec.clone()).collect(),
            saved,
            share,
            store: Some(Arc::clone(self.storage.store())),
        })
    }

    fn state(&self, vertex: &Vertex, subtask: u32) -> Result<Option<StateWish>, DeployError> {
        if !vertex.keyed {
            return Ok(None);
        }
        let local_dir = self
            .work_dir
            .join(format!("state-{}-{subtask}", vertex.id.0));
        std::fs::create_dir_all(&local_dir).map_err(|error| {
            TaskError::Internal(format!(
                "create working directory {}: {error}",
                local_dir.display()
            ))
        })?;
        let max_parallelism = self.job.graph.max_parallelism;
        let keyed = self
            .job
            .execution
            .vertices
            .iter()
            .filter(|vertex| vertex.keyed);
        let sharers: u64 = keyed.map(|vertex| u64::from(vertex.parallelism)).sum();
        let spec = BackendSpec {
            states: vertex
                .states
                .iter()
                .map(|(_, _, spec)| spec.clone())
                .collect(),
            key_groups: range_of_subtask(subtask, max_parallelism, vertex.parallelism),
            max_parallelism,
            local_dir,
            managed_memory_bytes: self.config.managed_memory_bytes / sharers.max(1),
        };
        Ok(Some(StateWish {
            factory: Arc::clone(&self.backends),
            spec,
            snapshots: self.inheritance.snapshots(vertex)?,
            store: Arc::clone(self.storage.store()),
        }))
    }

    fn sink(
        &self,
        vertex: &Vertex,
        operator: OperatorId,
        subtask: u32,
    ) -> Result<SinkWish, DeployError> {
        Ok(SinkWish {
            operator,
            sink: Arc::clone(&self.job.sinks[&operator]),
            context: SinkContext {
                subtask,
                parallelism: vertex.parallelism,
                run: self.run.clone(),
                segments: StoragePool::segments(&self.storage),
            },
            restored: self
                .inheritance
                .writers(operator, subtask, vertex.parallelism)?,
        })
    }
}
