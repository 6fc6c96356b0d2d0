//! [`EventLog`]: a sink with a two-phase commit, whose commit gives the events of a transaction their offsets.
//!
//! A transaction is written to a hidden file. To commit it is to rename that file to
//! `<first offset>-<events>-<transaction>.log`: the one step that makes it visible, and that tells a commit which is
//! repeated after a crash that it has happened. One committer works at a time, so offsets are given out without gaps.

use wasmill_sdk::prelude::*;

use crate::Event;

/// Names of one answer of `list`.
const PAGE: u32 = 1000;
/// What names of segments end with.
const SEGMENT: &str = ".log";
/// What names of hidden files end with.
const OPEN: &str = ".open";

/// A transaction: a hidden file and its number of events.
#[derive(Record, Clone, Debug, PartialEq)]
pub(crate) struct Transaction {
    name: String,
    events: i64,
}

impl Transaction {
    fn hidden(&self) -> String {
        format!(".{}{OPEN}", self.name)
    }

    fn segment(&self, first_offset: i64) -> String {
        format!("{first_offset:020}-{}-{}{SEGMENT}", self.events, self.name)
    }
}

/// The offset behind a segment and its transaction, by the segment's name.
pub(crate) fn read_name(name: &str) -> Option<(i64, &str)> {
    let mut parts = name.strip_suffix(SEGMENT)?.splitn(3, '-');
    let first: i64 = parts.next()?.parse().ok()?;
    let events: i64 = parts.next()?.parse().ok()?;
    Some((first.checked_add(events)?, parts.next()?))
}

/// The log in a granted directory.
pub(crate) struct EventLog {
    files: Files,
    /// The last segment this instance has seen, and the offset behind it: where the next look goes on.
    seen: (String, i64),
}

impl EventLog {
    pub(crate) fn new(files: Files) -> Self {
        Self {
            files,
            seen: (String::new(), 0),
        }
    }

    /// Calls `each` with every name behind another, in their order.
    fn names(&self, after: &str, mut each: impl FnMut(&str) -> Outcome) -> Outcome {
        let mut after = after.to_owned();
        loop {
            let names = self.files.list(&after, PAGE)?;
            let Some(last) = names.last() else {
                return Ok(());
            };
            after.clone_from(last);
            names.iter().try_for_each(|name| each(name))?;
        }
    }

    /// The offset behind the last segment. Names are in the order of offsets, so only new segments are looked at.
    fn end(&mut self) -> Result<i64, Error> {
        let mut seen = self.seen.clone();
        self.names(&self.seen.0, |name| {
            if let Some((end, _)) = read_name(name) {
                seen = (name.to_owned(), end);
            }
            Ok(())
        })?;
        self.seen = seen;
        Ok(self.seen.1)
    }

    fn is_published(&self, transaction: &Transaction) -> Result<bool, Error> {
        let mut found = false;
        self.names("", |name| {
            found |= read_name(name).is_some_and(|(_, of)| of == transaction.name);
            Ok(())
        })?;
        Ok(found)
    }
}

impl TwoPhaseSink for EventLog {
    type In = Event;
    type Transaction = Transaction;
    type Committable = Transaction;

    fn begin(&mut self, name: &str, _ctx: &SinkContext<'_>) -> Result<Transaction, Error> {
        Ok(Transaction {
            name: name.to_owned(),
            events: 0,
        })
    }

    fn write(
        &mut self,
        transaction: &mut Transaction,
        records: SinkRecords<'_, Event>,
        _ctx: &SinkContext<'_>,
    ) -> Outcome {
        let mut lines = String::new();
        for event in records.iter() {
            lines.push_str(&event?.line);
            lines.push('\n');
            transaction.events += 1;
        }
        self.files.append(&transaction.hidden(), lines.as_bytes())?;
        Ok(())
    }

    fn pre_commit(
        &mut self,
        transaction: Transaction,
        _checkpoint: u64,
        _ctx: &SinkContext<'_>,
    ) -> Result<Transaction, Error> {
        self.files.sync(&transaction.hidden())?;
        Ok(transaction)
    }

    fn commit(&mut self, transaction: Transaction, _ctx: &SinkContext<'_>) -> Outcome {
        if self.files.size(&transaction.hidden())?.is_some() {
            let segment = transaction.segment(self.end()?);
            self.files.rename(&transaction.hidden(), &segment)?;
            return Ok(());
        }
        if self.is_published(&transaction)? {
            return Ok(());
        }
        let name = transaction.name;
        Err(Error::from(format!(
            "transaction {name} is gone from the log's directory"
        )))
    }

    fn abort(&mut self, transaction: Transaction, _ctx: &SinkContext<'_>) -> Outcome {
        Ok(self.files.remove(&transaction.hidden())?)
    }

    fn recover(&mut self, committed: Vec<Transaction>, _ctx: &SinkContext<'_>) -> Outcome {
        let keep: Vec<String> = committed.iter().map(Transaction::hidden).collect();
        let mut left = Vec::new();
        self.names("", |name| {
            let is_open = name.starts_with('.') && name.ends_with(OPEN);
            if is_open && !keep.iter().any(|kept| kept == name) {
                left.push(name.to_owned());
            }
            Ok(())
        })?;
        for name in left {
            self.files.remove(&name)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
