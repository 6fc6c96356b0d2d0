//! A source of the simulation: splits of an input that lies in memory, read in small pieces, now and then with nothing to
//! give. Its position is the number of records read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dataflow::element::{Batch, NO_TIMESTAMP};
use dataflow::ids::SplitId;
use dataflow::port::sink::ConnectorError;
use dataflow::port::source::{Polled, Source, SourceContext, SourceReader, SourceSplit};

use super::dice::Dice;
use super::input::{EVENT, Event, Input, encode};

/// One of the sources of an input.
pub(super) struct SimulatedSource {
    /// The input.
    pub(super) input: Arc<Input>,
    /// Which source of it.
    pub(super) index: usize,
    /// Differs from reader to reader, and is the same in a repeated run.
    pub(super) seeds: Arc<AtomicU64>,
}

impl Source for SimulatedSource {
    fn schema(&self) -> String {
        "\"bytes\"".to_owned()
    }

    fn splits(&self, _parallelism: u32) -> Result<Vec<SourceSplit>, ConnectorError> {
        let splits = self.input.sources[self.index].len() as u32;
        let split = |id| SourceSplit {
            id: SplitId(id),
            state: 0u64.to_le_bytes().to_vec(),
        };
        Ok((0..splits).map(split).collect())
    }

    fn reader(
        &self,
        splits: Vec<SourceSplit>,
        _context: SourceContext,
    ) -> Result<Box<dyn SourceReader>, ConnectorError> {
        let open = |split: SourceSplit| -> Result<Open, ConnectorError> {
            let at: [u8; 8] = split.state[..]
                .try_into()
                .map_err(|_| ConnectorError::Corrupt {
                    connector: "simulated",
                    reason: "a position has 8 bytes".to_owned(),
                })?;
            Ok(Open {
                id: split.id,
                at: u64::from_le_bytes(at) as usize,
                ended: false,
            })
        };
        Ok(Box::new(Reader {
            input: Arc::clone(&self.input),
            index: self.index,
            splits: splits.into_iter().map(open).collect::<Result<_, _>>()?,
            dice: Dice::new(self.seeds.fetch_add(1, Ordering::Relaxed)),
        }))
    }
}

struct Open {
    id: SplitId,
    at: usize,
    ended: bool,
}

struct Reader {
    input: Arc<Input>,
    index: usize,
    splits: Vec<Open>,
    dice: Dice,
}

impl SourceReader for Reader {
    fn poll(&mut self) -> Result<Polled, ConnectorError> {
        if self.dice.percent(10) {
            let after = Duration::from_millis(self.dice.between(1, 9));
            return Ok(Polled::Pending(Some(after)));
        }
        let mut open: Vec<&mut Open> = self.splits.iter_mut().filter(|it| !it.ended).collect();
        if open.is_empty() {
            return Ok(Polled::End);
        }
        let chosen = self.dice.index(open.len());
        let split = &mut *open[chosen];
        let records: &[Event] = &self.input.sources[self.index][split.id.0 as usize];
        if split.at == records.len() {
            split.ended = true;
            return Ok(Polled::SplitEnded(split.id));
        }
        let upto = (split.at + self.dice.between(1, 6) as usize).min(records.len());
        let mut batch = Batch::default();
        for event in &records[split.at..upto] {
            let row = [EVENT, event.id, event.key, event.time, 0];
            batch.push(NO_TIMESTAMP, &[], &encode(&row));
        }
        split.at = upto;
        Ok(Polled::Records(batch, split.id))
    }

    fn snapshot(&mut self) -> Vec<SourceSplit> {
        let saved = |split: &Open| SourceSplit {
            id: split.id,
            state: (split.at as u64).to_le_bytes().to_vec(),
        };
        self.splits.iter().map(saved).collect()
    }
}
