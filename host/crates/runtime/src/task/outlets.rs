//! Where records leave a chain: edges and sinks, and which of them belong to which port.

use std::sync::Arc;

use dataflow::element::{Barrier, Batch, StreamElement};
use dataflow::ids::{CheckpointId, OperatorId};
use dataflow::port::sink::{Committable, SinkWriter};

use crate::network::record_writer::RecordWriter;
use crate::task::error::TaskError;
use crate::task::figures::TaskFigures;
use crate::task::spec::{Outlet, PortWish};

/// A sink of the chain with the transactions that no completed checkpoint has covered yet.
pub struct SinkOutlet {
    /// Which operator.
    pub operator: OperatorId,
    /// Writes its records.
    pub writer: Box<dyn SinkWriter>,
    /// Prepared transactions and the checkpoint each was prepared for.
    pub uncommitted: Vec<(CheckpointId, Committable)>,
}

/// The ends of a chain.
pub struct Outlets {
    writers: Vec<RecordWriter>,
    sinks: Vec<SinkOutlet>,
    ports: Vec<PortWish>,
    head: PortWish,
    records: u64,
    figures: Arc<TaskFigures>,
}

impl Outlets {
    /// Puts the ends together.
    pub fn new(
        writers: Vec<RecordWriter>,
        sinks: Vec<SinkOutlet>,
        ports: Vec<PortWish>,
        head_outlets: Vec<Outlet>,
        figures: Arc<TaskFigures>,
    ) -> Self {
        let head = PortWish {
            event_time_from: None,
            outlets: head_outlets,
        };
        Self {
            writers,
            sinks,
            ports,
            head,
            records: 0,
            figures,
        }
    }

    /// Writes records of a port of the fragment. A port that leads nowhere drops them.
    ///
    /// # Errors
    /// A sink refuses.
    pub fn write(&mut self, port: u32, records: Batch, now_ns: u64) -> Result<(), TaskError> {
        let number = port;
        let Some(port) = self.ports.get(port as usize) else {
            return Ok(());
        };
        self.figures.tap.offer(Some(number), &records);
        self.records += u64::from(records.count);
        fan_out(
            &mut self.writers,
            &mut self.sinks,
            &port.outlets,
            records,
            now_ns,
        )
    }

    /// Writes records of the head that pass by the fragment.
    ///
    /// # Errors
    /// A sink refuses.
    pub fn write_head(&mut self, records: Batch, now_ns: u64) -> Result<(), TaskError> {
        self.figures.tap.offer(None, &records);
        self.records += u64::from(records.count);
        fan_out(
            &mut self.writers,
            &mut self.sinks,
            &self.head.outlets,
            records,
            now_ns,
        )
    }

    /// Writes records to one sink, whatever leads there. Without that sink they are dropped.
    ///
    /// # Errors
    /// The sink refuses.
    pub fn write_sink(&mut self, sink: OperatorId, records: &Batch) -> Result<(), TaskError> {
        match self.sinks.iter_mut().find(|it| it.operator == sink) {
            Some(outlet) => Ok(outlet.writer.write(records)?),
            None => Ok(()),
        }
    }

    /// Whether the head has outlets of its own.
    pub fn head_is_used(&self) -> bool {
        !self.head.outlets.is_empty()
    }

    /// Event time of an origin (an assigner, or the input) has advanced.
    pub fn watermark(&mut self, origin: Option<OperatorId>, watermark: i64) {
        for port in self
            .ports
            .iter()
            .chain([&self.head])
            .filter(|p| p.event_time_from == origin)
        {
            for outlet in &port.outlets {
                if let Outlet::Writer(index) = outlet {
                    self.writers[*index].watermark(watermark);
                }
            }
        }
    }

    /// Sends an element down every edge, after everything written so far.
    pub fn broadcast(&mut self, element: &StreamElement) {
        for writer in &mut self.writers {
            writer.broadcast(element);
        }
    }

    /// Lets a barrier overtake what waits for credit; gives copies of what it overtook, by edge and subtask behind it.
    pub fn overtake(&mut self, barrier: Barrier, ended: bool) -> Vec<Vec<Vec<StreamElement>>> {
        let overtake = |writer: &mut RecordWriter| writer.overtake(barrier, ended);
        self.writers.iter_mut().map(overtake).collect()
    }

    /// Whether what belongs before a barrier waits for credit.
    pub fn holds(&self, barrier: Barrier, ended: bool) -> bool {
        let holds = |writer: &RecordWriter| writer.holds(barrier);
        self.writers.iter().any(holds) || ended && self.is_blocked()
    }

    /// Sends what a checkpoint has of an earlier run, before anything else.
    pub fn restore(&mut self, in_flight: Vec<Vec<Vec<StreamElement>>>) {
        for (writer, elements) in self.writers.iter_mut().zip(in_flight) {
            writer.restore(elements);
        }
    }

    /// How many subtasks there are behind each edge.
    pub fn widths(&self) -> Vec<usize> {
        self.writers.iter().map(RecordWriter::width).collect()
    }

    /// Sends what is buffered: the task is about to wait.
    ///
    /// # Errors
    /// A sink refuses.
    pub fn flush(&mut self) -> Result<(), TaskError> {
        for writer in &mut self.writers {
            writer.flush();
        }
        for sink in &mut self.sinks {
            sink.writer.flush()?;
        }
        Ok(())
    }

    /// Sends segments that have waited longer than the buffer timeout.
    pub fn flush_older_than(&mut self, timeout_ns: u64, now_ns: u64) {
        for writer in &mut self.writers {
            writer.flush_older_than(timeout_ns, now_ns);
        }
    }

    /// Tries to send what found no credit; true if nothing is left.
    pub fn drain(&mut self) -> bool {
        let mut all = true;
        for one in &mut self.writers {
            all &= one.drain();
        }
        all
    }

    /// Whether something waits for credit.
    pub fn is_blocked(&self) -> bool {
        self.writers.iter().any(RecordWriter::is_blocked)
    }

    /// The sinks.
    pub fn sinks(&mut self) -> &mut [SinkOutlet] {
        &mut self.sinks
    }

    /// Records written so far, counted once a port.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Bytes written to edges so far.
    pub fn bytes(&self) -> u64 {
        self.writers.iter().map(RecordWriter::bytes).sum()
    }

    /// Buffers waiting in the channels.
    pub fn queued(&self) -> usize {
        self.writers.iter().map(RecordWriter::queued).sum()
    }
}

fn fan_out(
    writers: &mut [RecordWriter],
    sinks: &mut [SinkOutlet],
    outlets: &[Outlet],
    records: Batch,
    now_ns: u64,
) -> Result<(), TaskError> {
    let mut edges = outlets.iter().filter_map(|outlet| match outlet {
        Outlet::Writer(index) => Some(*index),
        Outlet::Sink(_) => None,
    });
    for outlet in outlets {
        if let Outlet::Sink(index) = outlet {
            sinks[*index].writer.write(&records)?;
        }
    }
    let Some(mut edge) = edges.next() else {
        return Ok(());
    };
    for next in edges {
        writers[edge].write(records.clone(), now_ns);
        edge = next;
    }
    writers[edge].write(records, now_ns);
    Ok(())
}
