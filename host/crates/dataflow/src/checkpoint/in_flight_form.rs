//! How elements and work in flight are spelled: a code, then numbers (little endian) and columns. Not what they mean,
//! which is [`super::in_flight`]'s. What is read was validated as a batch is that comes from a guest.

use crate::checkpoint::in_flight::{InFlightError, PendingWork};
use crate::element::{Batch, Column, StreamElement};
use crate::ids::SplitId;
use crate::limits::CALL_OUTPUT_HARD_BYTES;

const RECORDS: u8 = 0;
const WATERMARK: u8 = 1;
const WORK_RECORDS: u8 = 0;
const WORK_EVENT_TIME: u8 = 1;
const WORK_ANNOUNCE: u8 = 2;
const WORK_TIMERS: u8 = 3;

/// Stands for an absent number that would be below it.
const NONE: u32 = u32::MAX;

/// Bytes being written.
#[derive(Default)]
pub(super) struct Writer {
    pub(super) bytes: Vec<u8>,
}

impl Writer {
    pub(super) fn number(&mut self, number: u32) {
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    fn time(&mut self, time: i64) {
        self.bytes.extend_from_slice(&time.to_le_bytes());
    }

    fn column(&mut self, column: &Column) {
        self.number(column.ends.len() as u32);
        column.ends.iter().for_each(|end| self.number(*end));
        self.number(column.data.len() as u32);
        self.bytes.extend_from_slice(&column.data);
    }

    fn batch(&mut self, batch: &Batch) {
        self.number(batch.count);
        self.number(batch.timestamps.len() as u32);
        batch.timestamps.iter().for_each(|time| self.time(*time));
        self.column(&batch.keys);
        self.column(&batch.values);
    }

    /// A channel; elements that are not saved are left out.
    pub(super) fn elements(&mut self, elements: &[StreamElement]) {
        let saved = |it: &&StreamElement| {
            matches!(it, StreamElement::Records(..) | StreamElement::Watermark(_))
        };
        self.number(elements.iter().filter(saved).count() as u32);
        for element in elements {
            match element {
                StreamElement::Records(batch, _) => {
                    self.bytes.push(RECORDS);
                    self.batch(batch);
                }
                StreamElement::Watermark(watermark) => {
                    self.bytes.push(WATERMARK);
                    self.time(*watermark);
                }
                StreamElement::Idle
                | StreamElement::Active
                | StreamElement::Barrier(_)
                | StreamElement::EndOfInput => {}
            }
        }
    }

    pub(super) fn work(&mut self, work: &PendingWork) {
        match work {
            PendingWork::Records(input, split, batch) => {
                self.bytes.push(WORK_RECORDS);
                self.number(*input);
                self.number(split.map_or(NONE, |split| split.0));
                self.batch(batch);
            }
            PendingWork::EventTime(assigner, watermark) => {
                self.bytes.push(WORK_EVENT_TIME);
                self.number(assigner.unwrap_or(NONE));
                self.time(*watermark);
            }
            PendingWork::Announce(assigner, watermark) => {
                self.bytes.push(WORK_ANNOUNCE);
                self.number(assigner.unwrap_or(NONE));
                self.time(*watermark);
            }
            PendingWork::FireTimers(up_to) => {
                self.bytes.push(WORK_TIMERS);
                self.time(*up_to);
            }
        }
    }
}

/// What is left to read.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], InFlightError> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or(InFlightError::TooShort)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], InFlightError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(InFlightError::TooShort)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(super) fn number(&mut self) -> Result<u32, InFlightError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn time(&mut self) -> Result<i64, InFlightError> {
        Ok(i64::from_le_bytes(self.array()?))
    }

    fn optional(&mut self) -> Result<Option<u32>, InFlightError> {
        let number = self.number()?;
        Ok((number != NONE).then_some(number))
    }

    /// A list. Grows with what is really there, not with the length that is claimed.
    pub(super) fn list<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, InFlightError>,
    ) -> Result<Vec<T>, InFlightError> {
        let count = self.number()?;
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn column(&mut self) -> Result<Column, InFlightError> {
        let ends = self.list(Self::number)?;
        let bytes = self.number()? as usize;
        Ok(Column {
            ends,
            data: self.take(bytes)?.to_vec(),
        })
    }

    fn batch(&mut self) -> Result<Batch, InFlightError> {
        let batch = Batch {
            count: self.number()?,
            timestamps: self.list(Self::time)?,
            keys: self.column()?,
            values: self.column()?,
        };
        batch.validate(CALL_OUTPUT_HARD_BYTES)?;
        Ok(batch)
    }

    pub(super) fn elements(&mut self) -> Result<Vec<StreamElement>, InFlightError> {
        self.list(|from| match from.array::<1>()?[0] {
            RECORDS => Ok(StreamElement::Records(from.batch()?, None)),
            WATERMARK => Ok(StreamElement::Watermark(from.time()?)),
            code => Err(InFlightError::Code {
                what: "element",
                code,
            }),
        })
    }

    pub(super) fn work(&mut self) -> Result<PendingWork, InFlightError> {
        match self.array::<1>()?[0] {
            WORK_RECORDS => {
                let input = self.number()?;
                let split = self.optional()?.map(SplitId);
                Ok(PendingWork::Records(input, split, self.batch()?))
            }
            WORK_EVENT_TIME => Ok(PendingWork::EventTime(self.optional()?, self.time()?)),
            WORK_ANNOUNCE => Ok(PendingWork::Announce(self.optional()?, self.time()?)),
            WORK_TIMERS => Ok(PendingWork::FireTimers(self.time()?)),
            code => Err(InFlightError::Code { what: "work", code }),
        }
    }
}
