//! The writing end of an edge: distributes records over the subtasks of the target and gathers them into segments.
//!
//! A segment is sent when it is full, when the task is about to wait, when it is older than the buffer timeout, and
//! before a barrier. A watermark may always be late, so it waits for the segment in front of it instead of forcing it
//! out; only the newest is kept. What finds no credit stays in an overflow that holds at most the output of one call,
//! and the task reads no further input until it is gone. The barrier of an unaligned checkpoint overtakes that.

use std::collections::VecDeque;

use dataflow::element::{Barrier, Batch, StreamElement};
use dataflow::graph::logical::Partitioning;
use dataflow::key_group::{key_group, subtask_of_key_group};
use dataflow::limits::{BATCH_RECORDS_MAX, SEGMENT_BYTES};

use crate::network::channel::ChannelSender;

/// One subpartition: the channel to one consumer, with the segment being filled.
#[derive(Debug)]
struct Subpartition {
    channel: ChannelSender,
    segment: Batch,
    /// When the oldest record of the segment was written (monotonic nanoseconds).
    since_ns: u64,
    overflow: VecDeque<StreamElement>,
}

/// The result partition of one edge in one subtask.
#[derive(Debug)]
pub struct RecordWriter {
    partitioning: Partitioning,
    subpartitions: Vec<Subpartition>,
    /// Channel by key group.
    routes: Vec<u32>,
    next: usize,
    watermark: Option<i64>,
    targets: Vec<u32>,
    bytes: u64,
}

impl RecordWriter {
    /// A writer to the subtasks behind `channels`, in their order (for forward: the one channel).
    pub fn new(
        partitioning: Partitioning,
        channels: Vec<ChannelSender>,
        max_parallelism: u32,
    ) -> Self {
        let parallelism = channels.len() as u32;
        let routes = match partitioning {
            Partitioning::Hash => (0..max_parallelism)
                .map(|group| subtask_of_key_group(group, max_parallelism, parallelism))
                .collect(),
            Partitioning::Forward | Partitioning::Rebalance | Partitioning::Broadcast => Vec::new(),
        };
        let subpartition = |channel| Subpartition {
            channel,
            segment: Batch::default(),
            since_ns: 0,
            overflow: VecDeque::new(),
        };
        Self {
            partitioning,
            subpartitions: channels.into_iter().map(subpartition).collect(),
            routes,
            next: 0,
            watermark: None,
            targets: Vec::new(),
            bytes: 0,
        }
    }

    /// Writes records.
    pub fn write(&mut self, records: Batch, now_ns: u64) {
        self.bytes += records.size_bytes() as u64;
        if self.subpartitions.len() == 1 {
            self.subpartitions[0].append(records, now_ns);
            return;
        }
        match self.partitioning {
            Partitioning::Hash => self.scatter(&records, now_ns),
            Partitioning::Broadcast => {
                let (last, others) = match self.subpartitions.split_last_mut() {
                    Some(parts) => parts,
                    None => return,
                };
                for subpartition in others {
                    subpartition.append(records.clone(), now_ns);
                }
                last.append(records, now_ns);
            }
            Partitioning::Rebalance | Partitioning::Forward => {
                let target = self.next % self.subpartitions.len();
                self.next = target + 1;
                self.subpartitions[target].append(records, now_ns);
            }
        }
    }

    /// Distributes by key group: first the target of every record, then column by column.
    fn scatter(&mut self, records: &Batch, now_ns: u64) {
        let max_parallelism = self.routes.len() as u32;
        let count = records.len();
        self.targets.clear();
        let routes = &self.routes;
        self.targets.extend(
            records
                .keys
                .entries(count)
                .map(|key| routes[key_group(key, max_parallelism) as usize]),
        );
        let entries = records
            .keys
            .entries(count)
            .zip(records.values.entries(count));
        let routed = self.targets.iter().zip(entries).enumerate();
        for (index, (&target, (key, value))) in routed {
            let subpartition = &mut self.subpartitions[target as usize];
            subpartition.push(records.timestamp(index), key, value, now_ns);
        }
    }

    /// A watermark follows the records written so far.
    pub fn watermark(&mut self, watermark: i64) {
        self.watermark = Some(watermark);
    }

    /// Sends an element to all subtasks, after everything written so far.
    pub fn broadcast(&mut self, element: &StreamElement) {
        self.flush();
        for subpartition in &mut self.subpartitions {
            subpartition.send(element.clone());
        }
    }

    /// Sends the segments as they are, and the watermark after them.
    pub fn flush(&mut self) {
        let watermark = self.watermark.take();
        for subpartition in &mut self.subpartitions {
            subpartition.send_segment();
            if let Some(watermark) = watermark {
                subpartition.send(StreamElement::Watermark(watermark));
            }
        }
    }

    /// Sends what is older than the buffer timeout, and the watermark once nothing is in front of it. Returns when to
    /// look again.
    pub fn flush_older_than(&mut self, timeout_ns: u64, now_ns: u64) {
        let old = self
            .subpartitions
            .iter()
            .any(|s| !s.segment.is_empty() && now_ns.saturating_sub(s.since_ns) >= timeout_ns);
        let only_watermark =
            self.watermark.is_some() && self.subpartitions.iter().all(|s| s.segment.is_empty());
        if old || only_watermark {
            self.flush();
        }
    }

    /// Lets a barrier overtake what waits for credit; gives copies of what it overtook, by subtask behind the edge. A task
    /// that has ended sends no barriers, and everything it keeps is in front of this one.
    pub fn overtake(&mut self, barrier: Barrier, ended: bool) -> Vec<Vec<StreamElement>> {
        let overtake = |it: &mut Subpartition| it.overtake(barrier, ended);
        self.subpartitions.iter_mut().map(overtake).collect()
    }

    /// Sends what a checkpoint has of an earlier run, before anything else.
    pub fn restore(&mut self, in_flight: Vec<Vec<StreamElement>>) {
        for (subpartition, elements) in self.subpartitions.iter_mut().zip(in_flight) {
            subpartition.overflow.extend(elements);
        }
    }

    /// How many subtasks there are behind the edge.
    pub fn width(&self) -> usize {
        self.subpartitions.len()
    }

    /// Whether the barrier of a checkpoint waits for credit.
    pub fn holds(&self, barrier: Barrier) -> bool {
        let mut kept = self.subpartitions.iter().flat_map(|it| &it.overflow);
        kept.any(|element| *element == StreamElement::Barrier(barrier))
    }

    /// Tries to send the overflow; true if there is none left.
    pub fn drain(&mut self) -> bool {
        let mut all = true;
        for one in &mut self.subpartitions {
            all &= one.drain();
        }
        all
    }

    /// Whether anything waits for credit.
    pub fn is_blocked(&self) -> bool {
        self.subpartitions
            .iter()
            .any(|subpartition| !subpartition.overflow.is_empty())
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Buffers that wait in the channels.
    pub fn queued(&self) -> usize {
        self.subpartitions
            .iter()
            .map(|subpartition| subpartition.channel.queued())
            .sum()
    }
}

impl Subpartition {
    /// Appends a whole batch: as it is if it makes a segment of its own, else into the segment being filled.
    fn append(&mut self, mut records: Batch, now_ns: u64) {
        while records.size_bytes() > SEGMENT_BYTES && records.len() > 1 {
            let share = records.len() * SEGMENT_BYTES / records.size_bytes();
            let rest = records.split_off(share.clamp(1, BATCH_RECORDS_MAX));
            self.send_segment();
            self.send(StreamElement::Records(records, None));
            records = rest;
        }
        if records.is_empty() {
            return;
        }
        if records.size_bytes() >= SEGMENT_BYTES / 2 {
            self.send_segment();
            self.send(StreamElement::Records(records, None));
            return;
        }
        if self.segment.is_empty() {
            self.since_ns = now_ns;
            self.segment = records;
            return;
        }
        let bytes = self.segment.size_bytes() + records.size_bytes();
        if bytes > SEGMENT_BYTES || self.segment.len() + records.len() > BATCH_RECORDS_MAX {
            self.send_segment();
            self.since_ns = now_ns;
        }
        self.segment.append(&records);
    }

    #[inline]
    fn push(&mut self, timestamp: i64, key: &[u8], value: &[u8], now_ns: u64) {
        if self.segment.is_empty() {
            self.since_ns = now_ns;
        }
        self.segment.push(timestamp, key, value);
        if self.segment.len() >= BATCH_RECORDS_MAX || self.segment.size_bytes() >= SEGMENT_BYTES {
            self.send_segment();
        }
    }

    fn send_segment(&mut self) {
        if !self.segment.is_empty() {
            let empty = self.channel.pool().empty_buffer();
            let segment = std::mem::replace(&mut self.segment, empty);
            let next = &mut self.segment;
            next.timestamps.reserve(segment.timestamps.len());
            next.keys.data.reserve(segment.keys.data.len());
            next.values.data.reserve(segment.values.data.len());
            self.send(StreamElement::Records(segment, None));
        }
    }

    fn send(&mut self, element: StreamElement) {
        if self.overflow.is_empty() {
            if let Err(element) = self.channel.try_send(element) {
                self.overflow.push_back(element);
            }
        } else {
            self.overflow.push_back(element);
        }
    }

    fn overtake(&mut self, barrier: Barrier, ended: bool) -> Vec<StreamElement> {
        let own = StreamElement::Barrier(barrier);
        let at = self.overflow.iter().position(|element| *element == own);
        let overtaken = match at {
            Some(at) => at,
            None if ended => self.overflow.len(),
            // It has been sent.
            None => return Vec::new(),
        };
        // Where it cannot overtake it stays, and what is in front of it is in flight to whoever receives it.
        if overtaken == 0 || !self.channel.try_overtake(barrier) {
            return Vec::new();
        }
        if let Some(at) = at {
            self.overflow.remove(at);
        }
        let kept = self.overflow.iter().take(overtaken);
        kept.filter(|it| matches!(it, StreamElement::Records(..) | StreamElement::Watermark(_)))
            .cloned()
            .collect()
    }

    fn drain(&mut self) -> bool {
        while let Some(element) = self.overflow.pop_front() {
            if let Err(element) = self.channel.try_send(element) {
                self.overflow.push_front(element);
                return false;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests;
