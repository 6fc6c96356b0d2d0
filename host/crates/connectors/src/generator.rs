//! The `generator` source: the event stream of the benchmarks, the same bytes on every engine and at every parallelism.
//!
//! Split i of p produces the events n = i, i + p, ...; a position is the next n, so a restore repeats nothing. Keeps:
//! the records depend on n alone (but for the stamp of `latency`). What the records are is in [`data`], when they are
//! due in `pace`. It knows nothing of event time: assigners read `ts`.

use std::sync::Arc;
use std::time::Duration;

use dataflow::clock::Clock;
use dataflow::element::{Batch, Column};
use dataflow::ids::SplitId;
use dataflow::port::sink::ConnectorError;
use dataflow::port::source::{Polled, Progress, Source, SourceContext, SourceReader, SourceSplit};
use serde::Deserialize;
use serde_json::Value;

use crate::config;
use crate::saved;
use data::{Recipe, Run};
use pace::Pace;

pub mod data;
mod pace;

const NAME: &str = "generator";

/// Events of a generator that was given no number: endless for all that matters, and far from overflow.
const ENDLESS: u64 = 1 << 60;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    data: Recipe,
    events: Option<u64>,
    #[serde(default = "default_keys")]
    keys: u64,
    #[serde(default = "default_epm")]
    epm: u64,
    rate: Option<f64>,
    #[serde(default)]
    warm: u64,
}

fn default_keys() -> u64 {
    1000
}

fn default_epm() -> u64 {
    1
}

/// What is to be generated, at which speed.
#[derive(Clone, Debug)]
struct Spec {
    recipe: Recipe,
    events: u64,
    keys: u64,
    epm: u64,
    /// Records per second over all splits.
    rate: Option<f64>,
    /// Events before this one are not paced.
    warm: u64,
}

/// The generator.
pub struct GeneratorSource {
    spec: Spec,
    clock: Arc<dyn Clock>,
}

impl GeneratorSource {
    /// Checks the keys: `data` is `bids`, `pairs`, `events` or `latency`; `events` is how many (endless without);
    /// `keys` how many keys (1000); `epm` events per millisecond of event time (1); `rate` records per second over all
    /// subtasks (unlimited); `warm` how many come before the rate applies (0).
    ///
    /// # Errors
    /// Wrong keys, or values out of their range.
    pub fn try_new(keys: Value, clock: Arc<dyn Clock>) -> Result<Self, ConnectorError> {
        let keys: Keys = config::parse(NAME, keys)?;
        if keys.keys == 0 || keys.keys > i64::MAX as u64 || keys.epm == 0 {
            return Err(config::wrong(NAME, "`keys` and `epm` must be at least 1"));
        }
        if let Some(rate) = keys.rate
            && !(rate.is_finite() && rate > 0.0)
        {
            return Err(config::wrong(
                NAME,
                format!("`rate` is {rate}, it must be above 0"),
            ));
        }
        let events = keys.events.unwrap_or(ENDLESS);
        if events > ENDLESS {
            return Err(config::wrong(
                NAME,
                format!("`events` must be at most {ENDLESS}"),
            ));
        }
        let spec = Spec {
            recipe: keys.data,
            events,
            keys: keys.keys,
            epm: keys.epm,
            rate: keys.rate,
            warm: keys.warm,
        };
        Ok(Self { spec, clock })
    }
}

impl Source for GeneratorSource {
    fn schema(&self) -> String {
        self.spec.recipe.schema().to_owned()
    }

    fn splits(&self, parallelism: u32) -> Result<Vec<SourceSplit>, ConnectorError> {
        let stride = u64::from(parallelism.max(1));
        Ok((0..stride)
            .zip(0..)
            .map(|(next, id)| save(SplitId(id), next, stride))
            .collect())
    }

    fn reader(
        &self,
        splits: Vec<SourceSplit>,
        _context: SourceContext,
    ) -> Result<Box<dyn SourceReader>, ConnectorError> {
        let mut streams = Vec::with_capacity(splits.len());
        for split in splits {
            let (next, stride) = restore(&split.state)?;
            streams.push(Stream {
                id: split.id,
                run: Run::new(next, stride, self.spec.keys, self.spec.epm),
                pace: self.spec.rate.map(|rate| Pace::new(rate, stride)),
                ended: false,
            });
        }
        let mut reader = GeneratorReader {
            spec: self.spec.clone(),
            clock: Arc::clone(&self.clock),
            streams,
            turn: 0,
            total: 0,
            paused: Vec::new(),
        };
        reader.total = reader.left();
        Ok(Box::new(reader))
    }
}

fn save(id: SplitId, next: u64, stride: u64) -> SourceSplit {
    let state = saved::Writer::new().u64(next).u64(stride).finish();
    SourceSplit { id, state }
}

fn restore(state: &[u8]) -> Result<(u64, u64), ConnectorError> {
    let mut reader = saved::Reader::new(NAME, state)?;
    let (next, stride) = (reader.u64()?, reader.u64()?);
    if stride == 0 || stride > u64::from(u32::MAX) || next > 2 * ENDLESS {
        return Err(reader.corrupt(format!("event {next} in steps of {stride}")));
    }
    reader.end()?;
    Ok((next, stride))
}

/// One split being produced.
struct Stream {
    id: SplitId,
    run: Run,
    pace: Option<Pace>,
    ended: bool,
}

impl Stream {
    /// Events that are still to come.
    fn left(&self, events: u64) -> u64 {
        events
            .saturating_sub(self.run.next())
            .div_ceil(self.run.stride())
    }
}

struct GeneratorReader {
    spec: Spec,
    clock: Arc<dyn Clock>,
    streams: Vec<Stream>,
    turn: usize,
    total: u64,
    paused: Vec<SplitId>,
}

impl GeneratorReader {
    fn left(&self) -> u64 {
        let events = self.spec.events;
        self.streams.iter().map(|s| s.left(events)).sum()
    }

    /// How many of the next records of a stream may be made now (at most a batch), or how long to wait for the next.
    fn allowed(&mut self, index: usize) -> Result<usize, u64> {
        let most = self.spec.recipe.batch_records();
        let stream = &mut self.streams[index];
        let left = usize::try_from(stream.left(self.spec.events)).unwrap_or(usize::MAX);
        let most = most.min(left);
        let Some(pace) = &mut stream.pace else {
            return Ok(most);
        };
        let next = stream.run.next();
        if next < self.spec.warm {
            let warm = (self.spec.warm - next).div_ceil(stream.run.stride());
            return Ok(most.min(usize::try_from(warm).unwrap_or(usize::MAX)));
        }
        pace.due(next, self.spec.warm > 0, self.clock.monotonic_ns())
            .map(|due| most.min(usize::try_from(due).unwrap_or(usize::MAX)))
    }

    fn make(&mut self, index: usize, count: usize) -> (Batch, SplitId) {
        let stream = &mut self.streams[index];
        let is_warm = stream.pace.is_some() && stream.run.next() < self.spec.warm;
        let stamp_ns = if is_warm || self.spec.recipe != Recipe::Latency {
            0
        } else {
            self.clock.monotonic_ns()
        };
        if let Some(pace) = &mut stream.pace
            && !is_warm
        {
            pace.made(count as u64);
        }
        let values = self.spec.recipe.make(&mut stream.run, count, stamp_ns);
        let batch = Batch {
            count: count as u32,
            timestamps: Vec::new(),
            keys: Column::default(),
            values,
        };
        (batch, stream.id)
    }
}

impl SourceReader for GeneratorReader {
    fn poll(&mut self) -> Result<Polled, ConnectorError> {
        let mut wait_ns: Option<u64> = None;
        let mut is_pending = false;
        for _ in 0..self.streams.len() {
            let index = self.turn % self.streams.len();
            self.turn = index + 1;
            if self.streams[index].ended {
                continue;
            }
            if self.streams[index].left(self.spec.events) == 0 {
                self.streams[index].ended = true;
                return Ok(Polled::SplitEnded(self.streams[index].id));
            }
            if self.paused.contains(&self.streams[index].id) {
                is_pending = true;
                continue;
            }
            match self.allowed(index) {
                Ok(count) => {
                    let (batch, id) = self.make(index, count);
                    return Ok(Polled::Records(batch, id));
                }
                Err(ns) => wait_ns = Some(wait_ns.map_or(ns, |least| least.min(ns))),
            }
        }
        Ok(match wait_ns {
            Some(ns) => Polled::Pending(Some(Duration::from_nanos(ns))),
            None if is_pending => Polled::Pending(None),
            None => Polled::End,
        })
    }

    fn pause(&mut self, splits: &[SplitId]) -> bool {
        self.paused = splits.to_vec();
        true
    }

    fn snapshot(&mut self) -> Vec<SourceSplit> {
        self.streams
            .iter()
            .map(|stream| save(stream.id, stream.run.next(), stream.run.stride()))
            .collect()
    }

    fn remaining(&self) -> Option<Progress> {
        (self.spec.events != ENDLESS).then(|| Progress {
            done: self.total - self.left(),
            total: self.total,
        })
    }
}

#[cfg(test)]
mod tests;
