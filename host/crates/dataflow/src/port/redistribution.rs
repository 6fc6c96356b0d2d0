//! What a subtask inherits of operator state at any parallelism, and the form in which a subtask's states are saved.
//!
//! The law: lists are joined in the order of the old subtasks; a split list is cut into as many even, contiguous parts
//! as there are new subtasks, a union list goes whole to each, and of a broadcast state each gets a copy of one old
//! subtask's. States are found by name; one that is not declared any more is dropped, a new one starts empty.
//!
//! Of an old subtask that had finished only union lists are passed on, since each subtask is to see what all of them kept.
//! What it had of the others is done with: its end has been processed, and those that go on have their own.
//!
//! The form: a version, then per state its name, kind and items, every text preceded by its length (u32, little
//! endian). Equal states have equal bytes.

use std::collections::BTreeMap;

use crate::port::operator_state::{Content, OperatorStateKind, OperatorStateSpec, OperatorStates};
use crate::port::state::StateError;

/// The version of the form.
const VERSION: u32 = 1;

/// What an old subtask saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedPart {
    /// As [`OperatorStates::encode`] wrote it.
    pub bytes: Vec<u8>,
    /// Whether it had processed all its input, while others go on.
    pub finished: bool,
}

impl SavedPart {
    /// That of a subtask that goes on.
    pub fn going_on(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            finished: false,
        }
    }
}

/// One saved state.
type Saved = (String, OperatorStateKind, Content);

impl OperatorStates {
    /// The states of one subtask as they are now.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.size_bytes() + 64);
        out.extend_from_slice(&VERSION.to_le_bytes());
        for (spec, content) in self.contents() {
            put(&mut out, spec.name.as_bytes());
            out.push(code_of(spec.kind));
            match content {
                Content::List(elements) => {
                    out.extend_from_slice(&(elements.len() as u32).to_le_bytes());
                    elements.iter().for_each(|element| put(&mut out, element));
                }
                Content::Map(entries) => {
                    out.extend_from_slice(&(entries.len() as u32).to_le_bytes());
                    for (key, value) in entries {
                        put(&mut out, key);
                        put(&mut out, value);
                    }
                }
            }
        }
        out
    }

    /// The states that subtask number `subtask` of `parallelism` inherits from the saved states of all old subtasks,
    /// given in their order.
    ///
    /// # Errors
    /// Bytes that are no saved states, or a state that was saved as another kind.
    pub fn restore(
        specs: Vec<OperatorStateSpec>,
        saved: &[SavedPart],
        subtask: u32,
        parallelism: u32,
    ) -> Result<Self, StateError> {
        let mut parts = Vec::with_capacity(saved.len());
        for part in saved {
            let mut states = decode(&part.bytes)?;
            states.retain(|(_, kind, _)| !part.finished || *kind == OperatorStateKind::ListUnion);
            parts.push(states);
        }
        let mut states = Vec::with_capacity(specs.len());
        for spec in specs {
            let content = inherit(&spec, &parts, subtask as usize, parallelism as usize)?;
            states.push((spec, content));
        }
        Ok(Self::new(states))
    }
}

/// What one subtask inherits of one state.
fn inherit(
    spec: &OperatorStateSpec,
    parts: &[Vec<Saved>],
    subtask: usize,
    parallelism: usize,
) -> Result<Content, StateError> {
    let mut joined: Vec<&Vec<u8>> = Vec::new();
    let mut maps: Vec<&BTreeMap<Vec<u8>, Vec<u8>>> = Vec::new();
    for (_, kind, content) in parts.iter().flatten().filter(|it| it.0 == spec.name) {
        if *kind != spec.kind {
            return Err(StateError::OperatorKindChanged {
                name: spec.name.clone(),
                saved: *kind,
                declared: spec.kind,
            });
        }
        match content {
            Content::List(elements) => joined.extend(elements),
            Content::Map(entries) => maps.push(entries),
        }
    }
    let part = match spec.kind {
        OperatorStateKind::ListSplit => {
            let cut = |index: usize| joined.len() * index / parallelism.max(1);
            &joined[cut(subtask)..cut(subtask + 1)]
        }
        OperatorStateKind::ListUnion => &joined[..],
        OperatorStateKind::Broadcast => {
            let copy = maps.get(subtask % maps.len().max(1));
            return Ok(copy.map_or_else(
                || Content::empty(spec.kind),
                |entries| Content::Map((*entries).clone()),
            ));
        }
    };
    Ok(Content::List(part.iter().copied().cloned().collect()))
}

fn decode(bytes: &[u8]) -> Result<Vec<Saved>, StateError> {
    let mut reader = Reader(bytes);
    let version = reader.number()?;
    if version != VERSION {
        return Err(corrupt(&format!(
            "version {version} of operator state, this build reads {VERSION}"
        )));
    }
    let mut states = Vec::new();
    while !reader.0.is_empty() {
        let name = String::from_utf8(reader.text()?.to_vec())
            .map_err(|_| corrupt("the name of a state is not text"))?;
        let kind = kind_of(reader.take(1)?[0])?;
        let count = reader.number()?;
        let mut content = Content::empty(kind);
        for _ in 0..count {
            match &mut content {
                Content::List(elements) => elements.push(reader.text()?.to_vec()),
                Content::Map(entries) => {
                    let key = reader.text()?.to_vec();
                    entries.insert(key, reader.text()?.to_vec());
                }
            }
        }
        states.push((name, kind, content));
    }
    Ok(states)
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], StateError> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or_else(|| corrupt("it ends too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32, StateError> {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(self.take(4)?);
        Ok(u32::from_le_bytes(bytes))
    }

    fn text(&mut self) -> Result<&'a [u8], StateError> {
        let length = self.number()? as usize;
        self.take(length)
    }
}

fn put(out: &mut Vec<u8>, text: &[u8]) {
    out.extend_from_slice(&(text.len() as u32).to_le_bytes());
    out.extend_from_slice(text);
}

fn code_of(kind: OperatorStateKind) -> u8 {
    match kind {
        OperatorStateKind::ListSplit => 0,
        OperatorStateKind::ListUnion => 1,
        OperatorStateKind::Broadcast => 2,
    }
}

fn kind_of(code: u8) -> Result<OperatorStateKind, StateError> {
    match code {
        0 => Ok(OperatorStateKind::ListSplit),
        1 => Ok(OperatorStateKind::ListUnion),
        2 => Ok(OperatorStateKind::Broadcast),
        other => Err(corrupt(&format!("{other} is no kind of operator state"))),
    }
}

fn corrupt(reason: &str) -> StateError {
    StateError::Corrupt {
        name: "operator state".to_owned(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests;
