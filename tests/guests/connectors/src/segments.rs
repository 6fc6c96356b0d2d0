//! A sink with a two-phase commit over granted files: a transaction is a hidden file, which is published by a rename
//! and a marker that says how many records the segment has.

use std::collections::BTreeSet;

use wasmill_sdk::prelude::*;

/// Names of one answer of `list`.
const PAGE: u32 = 1000;

/// A hidden file being written, or prepared.
#[derive(Record, Clone, Debug, PartialEq)]
pub(crate) struct Segment {
    name: String,
    records: i64,
}

impl Segment {
    fn hidden(&self) -> String {
        format!(".{}.open", self.name)
    }

    fn published(&self) -> String {
        format!("segment-{}", self.name)
    }

    fn marker(&self) -> String {
        format!("segment-{}.done", self.name)
    }
}

/// The sink.
pub(crate) struct Segments {
    /// The granted directory.
    pub(crate) files: Files,
}

impl TwoPhaseSink for Segments {
    type In = i64;
    type Transaction = Segment;
    type Committable = Segment;

    fn begin(&mut self, name: &str, _ctx: &SinkContext<'_>) -> Result<Segment, Error> {
        Ok(Segment {
            name: name.to_owned(),
            records: 0,
        })
    }

    fn write(
        &mut self,
        segment: &mut Segment,
        records: SinkRecords<'_, i64>,
        _ctx: &SinkContext<'_>,
    ) -> Outcome {
        let mut lines = String::new();
        for record in records.iter() {
            lines.push_str(&record?.to_string());
            lines.push('\n');
            segment.records += 1;
        }
        self.files.append(&segment.hidden(), lines.as_bytes())?;
        Ok(())
    }

    fn pre_commit(
        &mut self,
        segment: Segment,
        _checkpoint: u64,
        _ctx: &SinkContext<'_>,
    ) -> Result<Segment, Error> {
        self.files.sync(&segment.hidden())?;
        Ok(segment)
    }

    fn commit(&mut self, segment: Segment, _ctx: &SinkContext<'_>) -> Outcome {
        let (hidden, published) = (segment.hidden(), segment.published());
        if self.files.size(&hidden)?.is_some() {
            self.files.rename(&hidden, &published)?;
        } else if self.files.size(&published)?.is_none() {
            return Err(Error::from(format!("segment {published} is gone")));
        }
        let marker = segment.marker();
        if self.files.size(&marker)?.unwrap_or(0) == 0 {
            let records = segment.records.to_string();
            self.files.append(&marker, records.as_bytes())?;
            self.files.sync(&marker)?;
        }
        Ok(())
    }

    fn abort(&mut self, segment: Segment, _ctx: &SinkContext<'_>) -> Outcome {
        Ok(self.files.remove(&segment.hidden())?)
    }

    fn recover(&mut self, committed: Vec<Segment>, _ctx: &SinkContext<'_>) -> Outcome {
        let keep: BTreeSet<String> = committed.iter().map(Segment::hidden).collect();
        let mut after = String::new();
        loop {
            let names = self.files.list(&after, PAGE)?;
            let Some(last) = names.last() else {
                return Ok(());
            };
            after.clone_from(last);
            for name in &names {
                if name.starts_with('.') && name.ends_with(".open") && !keep.contains(name) {
                    self.files.remove(name)?;
                }
            }
        }
    }
}
