//! Operator state: what a subtask keeps that belongs to no key. Lists, which a change of parallelism splits evenly or
//! hands whole to everybody, and broadcast maps, of which every subtask has the same copy.
//!
//! It lives in memory, as Flink's does, and is part of the call's transaction: changes are made at once, so that a call
//! reads its own writes, and an undo list takes them back if the call fails. What a subtask keeps is bounded by
//! [`limits::OPERATOR_STATE_BYTES_MAX`]. How it is shared out at restore is in [`super::redistribution`].

use std::collections::BTreeMap;

use crate::element::Column;
use crate::ids::StateNumber;
use crate::limits;
use crate::port::state::StateError;

/// How an operator state is shared out when the parallelism changes, and so how it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OperatorStateKind {
    /// A list; at restore all lists are joined and split evenly.
    ListSplit,
    /// A list; at restore every subtask gets all lists joined.
    ListUnion,
    /// An ordered map that is equal on every subtask; at restore each gets a copy.
    Broadcast,
}

/// Declares an operator state of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorStateSpec {
    /// The number that calls use; of this run only.
    pub number: StateNumber,
    /// `operator uid/state name`: what a snapshot stores and a restore matches by.
    pub name: String,
    /// How it is used.
    pub kind: OperatorStateKind,
}

/// The entries of a broadcast state, by key.
pub type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

/// What a state holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Elements in the order of their addition.
    List(Vec<Vec<u8>>),
    /// Entries by key.
    Map(Entries),
}

impl Content {
    /// Nothing, in the form of a kind.
    pub fn empty(kind: OperatorStateKind) -> Self {
        match kind {
            OperatorStateKind::ListSplit | OperatorStateKind::ListUnion => Self::List(Vec::new()),
            OperatorStateKind::Broadcast => Self::Map(BTreeMap::new()),
        }
    }

    /// Bytes of its keys and values.
    pub fn size_bytes(&self) -> usize {
        match self {
            Self::List(elements) => elements.iter().map(Vec::len).sum(),
            Self::Map(entries) => entries.iter().map(|(k, v)| k.len() + v.len()).sum(),
        }
    }
}

/// A state of a task.
#[derive(Clone, Debug)]
struct State {
    spec: OperatorStateSpec,
    content: Content,
}

/// How to take back one change.
#[derive(Debug)]
enum Undo {
    /// The list was this long.
    Length(usize, usize),
    /// The list had these elements.
    Elements(usize, Vec<Vec<u8>>),
    /// The entry had this value, or was not there.
    Entry(usize, Vec<u8>, Option<Vec<u8>>),
}

/// The operator states of one task. One owner, one thread.
#[derive(Debug, Default)]
pub struct OperatorStates {
    states: Vec<State>,
    undo: Vec<Undo>,
    bytes: usize,
    bytes_before_call: usize,
}

impl OperatorStates {
    /// States with what they inherit.
    pub fn new(states: Vec<(OperatorStateSpec, Content)>) -> Self {
        let bytes = states.iter().map(|(_, content)| content.size_bytes()).sum();
        let state = |(spec, content)| State { spec, content };
        Self {
            states: states.into_iter().map(state).collect(),
            undo: Vec::new(),
            bytes,
            bytes_before_call: bytes,
        }
    }

    /// Whether the task declares none.
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// Bytes of all keys and values.
    pub fn size_bytes(&self) -> usize {
        self.bytes
    }

    /// The states with what they hold, in the order of their numbers.
    pub fn contents(&self) -> impl Iterator<Item = (&OperatorStateSpec, &Content)> {
        self.states
            .iter()
            .map(|state| (&state.spec, &state.content))
    }

    fn at(&self, number: StateNumber) -> Result<usize, StateError> {
        let mut states = self.states.iter();
        let at = states.position(|state| state.spec.number == number);
        at.ok_or(StateError::UnknownOperatorState(number))
    }

    fn list(&mut self, number: StateNumber) -> Result<(usize, &mut Vec<Vec<u8>>), StateError> {
        let at = self.at(number)?;
        let State { spec, content } = &mut self.states[at];
        match content {
            Content::List(elements) => Ok((at, elements)),
            Content::Map(_) => Err(StateError::NoList(spec.name.clone())),
        }
    }

    fn map(&mut self, number: StateNumber) -> Result<(usize, &mut Entries), StateError> {
        let at = self.at(number)?;
        let State { spec, content } = &mut self.states[at];
        match content {
            Content::Map(entries) => Ok((at, entries)),
            Content::List(_) => Err(StateError::NoBroadcast(spec.name.clone())),
        }
    }

    /// The elements of a list state, in order.
    ///
    /// # Errors
    /// No such state, or it is no list.
    pub fn elements(&mut self, number: StateNumber) -> Result<&[Vec<u8>], StateError> {
        Ok(self.list(number)?.1)
    }

    /// The entries of a broadcast state, by key.
    ///
    /// # Errors
    /// No such state, or it is no broadcast state.
    pub fn entries(&mut self, number: StateNumber) -> Result<&Entries, StateError> {
        Ok(self.map(number)?.1)
    }

    /// Appends elements to a list state.
    ///
    /// # Errors
    /// No such state, it is no list, a malformed column, or the limit is reached.
    pub fn append(
        &mut self,
        number: StateNumber,
        count: usize,
        values: &Column,
    ) -> Result<(), StateError> {
        values.validate("values", count)?;
        let (at, elements) = self.list(number)?;
        let length = elements.len();
        elements.extend(values.entries(count).map(<[u8]>::to_vec));
        self.undo.push(Undo::Length(at, length));
        self.grown(values.data.len(), 0)
    }

    /// Replaces all elements of a list state.
    ///
    /// # Errors
    /// As [`OperatorStates::append`].
    pub fn replace(
        &mut self,
        number: StateNumber,
        count: usize,
        values: &Column,
    ) -> Result<(), StateError> {
        values.validate("values", count)?;
        let (at, elements) = self.list(number)?;
        let new = values.entries(count).map(<[u8]>::to_vec).collect();
        let old = std::mem::replace(elements, new);
        let gone = old.iter().map(Vec::len).sum();
        self.undo.push(Undo::Elements(at, old));
        self.grown(values.data.len(), gone)
    }

    /// Sets entries of a broadcast state; of two for the same key the later one holds.
    ///
    /// # Errors
    /// No such state, it is no broadcast state, malformed columns, or the limit is reached.
    pub fn put_many(
        &mut self,
        number: StateNumber,
        count: usize,
        keys: &Column,
        values: &Column,
    ) -> Result<(), StateError> {
        keys.validate("keys", count)?;
        values.validate("values", count)?;
        for (key, value) in keys.entries(count).zip(values.entries(count)) {
            let (at, entries) = self.map(number)?;
            let old = entries.insert(key.to_vec(), value.to_vec());
            let gone = old.as_ref().map_or(0, |old| key.len() + old.len());
            self.undo.push(Undo::Entry(at, key.to_vec(), old));
            self.grown(key.len() + value.len(), gone)?;
        }
        Ok(())
    }

    /// Removes entries of a broadcast state; absent ones are no error.
    ///
    /// # Errors
    /// As [`OperatorStates::put_many`].
    pub fn delete_many(
        &mut self,
        number: StateNumber,
        count: usize,
        keys: &Column,
    ) -> Result<(), StateError> {
        keys.validate("keys", count)?;
        for key in keys.entries(count) {
            let (at, entries) = self.map(number)?;
            if let Some(old) = entries.remove(key) {
                let gone = key.len() + old.len();
                self.undo.push(Undo::Entry(at, key.to_vec(), Some(old)));
                self.grown(0, gone)?;
            }
        }
        Ok(())
    }

    fn grown(&mut self, by: usize, less: usize) -> Result<(), StateError> {
        self.bytes = (self.bytes + by).saturating_sub(less);
        if self.bytes > limits::OPERATOR_STATE_BYTES_MAX {
            return Err(StateError::OperatorStateFull {
                bytes: self.bytes,
                max: limits::OPERATOR_STATE_BYTES_MAX,
            });
        }
        Ok(())
    }

    /// Makes the changes of the call final.
    pub fn commit(&mut self) {
        self.undo.clear();
        self.bytes_before_call = self.bytes;
    }

    /// Takes the changes of the call back.
    pub fn roll_back(&mut self) {
        while let Some(undo) = self.undo.pop() {
            self.take_back(undo);
        }
        self.bytes = self.bytes_before_call;
    }

    fn take_back(&mut self, undo: Undo) {
        let (Undo::Length(at, _) | Undo::Elements(at, _) | Undo::Entry(at, ..)) = &undo;
        match (&mut self.states[*at].content, undo) {
            (Content::List(elements), Undo::Length(_, length)) => elements.truncate(length),
            (Content::List(elements), Undo::Elements(_, old)) => *elements = old,
            (Content::Map(entries), Undo::Entry(_, key, Some(old))) => {
                entries.insert(key, old);
            }
            (Content::Map(entries), Undo::Entry(_, key, None)) => {
                entries.remove(&key);
            }
            // A list has no entries and a map no elements, so there is nothing to take back.
            (Content::List(_), Undo::Entry(..))
            | (Content::Map(_), Undo::Length(..) | Undo::Elements(..)) => {}
        }
    }
}

#[cfg(test)]
mod tests;
