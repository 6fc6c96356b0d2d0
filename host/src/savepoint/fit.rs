//! Whether saved state fits a job, state by state, and how values become those of the job.
//!
//! One law for `wasmill check`, for a restore and for a swap. It looks at declarations only; no state is read.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::entry::{EntryCodec, Migration};
use crate::storage::metadata::{Metadata, OperatorEntry, OperatorWord, StateDeclaration};

/// What becomes of a state.
#[derive(Clone, Debug)]
pub(crate) enum Verdict {
    /// It is restored as it is.
    Same,
    /// Its values are migrated by schema resolution.
    Migratable(Box<Migration>),
    /// The job declares it, and nothing of it was saved: it begins empty.
    New,
    /// It was saved, and its operator does not declare it any more: it is left out.
    Dropped,
    /// It cannot be restored; why.
    Error(String),
}

impl Verdict {
    /// The word that is shown.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Migratable(_) => "migratable",
            Self::New => "new",
            Self::Dropped => "dropped",
            Self::Error(_) => "error",
        }
    }
}

/// A state and what becomes of it.
#[derive(Clone, Debug)]
pub(crate) struct StateFit {
    /// Uid of its operator.
    pub(crate) operator: String,
    /// Its name within the operator.
    pub(crate) state: String,
    /// How it is used, in the job or, if it is gone, as it was.
    pub(crate) kind: &'static str,
    /// What becomes of it.
    pub(crate) verdict: Verdict,
}

/// How saved state fits a job.
#[derive(Clone, Debug)]
pub(crate) struct Fit {
    /// What is wrong with the whole.
    pub(crate) problems: Vec<String>,
    /// Operators with state or positions that the job does not have.
    pub(crate) gone: Vec<String>,
    /// Every state of both sides.
    pub(crate) states: Vec<StateFit>,
}

impl Fit {
    /// Compares what was saved with what a job declares.
    pub(crate) fn of(saved: &Metadata, operators: &[OperatorEntry], max_parallelism: u32) -> Self {
        let mut fit = Self::between(&saved.operators, operators);
        if saved.max_parallelism != max_parallelism {
            fit.problems.push(format!(
                "it was taken with max parallelism {}, the job has {max_parallelism}: key groups cannot be changed",
                saved.max_parallelism
            ));
        }
        fit
    }

    /// Compares what operators declared with what they declare now.
    pub(crate) fn between(was: &[OperatorEntry], operators: &[OperatorEntry]) -> Self {
        let mut fit = Self {
            problems: Vec::new(),
            gone: Vec::new(),
            states: Vec::new(),
        };
        for old in was {
            let Some(new) = operators.iter().find(|it| it.uid == old.uid) else {
                if !old.states.is_empty() || old.kind == OperatorWord::Source {
                    fit.gone.push(old.uid.clone());
                }
                continue;
            };
            if old.kind != new.kind {
                fit.problems.push(format!(
                    "operator \"{}\" was no {:?} before",
                    old.uid, new.kind
                ));
            }
            fit.operator(old, new);
        }
        for new in operators {
            if !was.iter().any(|it| it.uid == new.uid) {
                fit.add_new(new, &[]);
            }
        }
        fit
    }

    fn operator(&mut self, old: &OperatorEntry, new: &OperatorEntry) {
        let keys_changed = keys_changed(old, new);
        for was in &old.states {
            let verdict = match new.states.iter().find(|it| it.name == was.name) {
                None => Verdict::Dropped,
                Some(is) if keys_changed && is.kind.keyed().is_some() => {
                    Verdict::Error("the schema of its keys has changed".to_owned())
                }
                Some(is) => plan(old, was, new, is),
            };
            self.states.push(StateFit {
                operator: old.uid.clone(),
                state: was.name.clone(),
                kind: was.kind.name(),
                verdict,
            });
        }
        self.add_new(new, &old.states);
    }

    fn add_new(&mut self, new: &OperatorEntry, old: &[StateDeclaration]) {
        let fresh = new
            .states
            .iter()
            .filter(|is| !old.iter().any(|was| was.name == is.name));
        self.states.extend(fresh.map(|state| StateFit {
            operator: new.uid.clone(),
            state: state.name.clone(),
            kind: state.kind.name(),
            verdict: Verdict::New,
        }));
    }

    /// Everything for which it cannot be restored, for the user.
    pub(crate) fn reasons(&self, allow_non_restored: bool) -> Vec<String> {
        let mut reasons = self.problems.clone();
        if !allow_non_restored {
            reasons.extend(self.gone.iter().map(|uid| {
                format!(
                    "it has state of operator \"{uid}\", which the job does not have: its state would be lost; --allow-non-restored-state drops it"
                )
            }));
        }
        reasons.extend(self.states.iter().filter_map(|fit| {
            let Verdict::Error(reason) = &fit.verdict else {
                return None;
            };
            Some(format!(
                "state \"{}\" of operator \"{}\": {reason}",
                fit.state, fit.operator
            ))
        }));
        reasons
    }

    /// As JSON: every state with its verdict, and the reasons for which it cannot be restored.
    pub(crate) fn document(&self, reasons: &[String]) -> Json {
        let state = |it: &StateFit| {
            let reason = match &it.verdict {
                Verdict::Error(reason) => Some(reason),
                _ => None,
            };
            json!({
                "operator": it.operator, "state": it.state, "kind": it.kind,
                "verdict": it.verdict.word(), "reason": reason,
            })
        };
        json!({
            "fits": reasons.is_empty(),
            "problems": reasons,
            "dropped_operators": self.gone,
            "states": self.states.iter().map(state).collect::<Vec<_>>(),
        })
    }

    /// The migrations by `operator uid/state name`.
    pub(crate) fn migrations(&self) -> BTreeMap<String, &Migration> {
        let migrations = self.states.iter().filter_map(|fit| match &fit.verdict {
            Verdict::Migratable(migration) => {
                Some((format!("{}/{}", fit.operator, fit.state), &**migration))
            }
            _ => None,
        });
        migrations.collect()
    }

    /// States that are left out.
    pub(crate) fn dropped(&self) -> impl Iterator<Item = &StateFit> {
        let dropped = |fit: &&StateFit| matches!(fit.verdict, Verdict::Dropped);
        self.states.iter().filter(dropped)
    }
}

fn keys_changed(old: &OperatorEntry, new: &OperatorEntry) -> bool {
    let (Some(was), Some(is)) = (&old.key_schema, &new.key_schema) else {
        return old.key_schema.is_some() != new.key_schema.is_some();
    };
    match (
        super::avro_type::Type::of(was),
        super::avro_type::Type::of(is),
    ) {
        (Ok(old), Ok(new)) => !old.is_same(&new),
        _ => was != is,
    }
}

fn plan(
    old: &OperatorEntry,
    was: &StateDeclaration,
    new: &OperatorEntry,
    is: &StateDeclaration,
) -> Verdict {
    let planned = Migration::plan(
        (EntryCodec::of(old, was), was),
        (EntryCodec::of(new, is), is),
    );
    match planned {
        Ok(migration) if migration.keeps() => Verdict::Same,
        Ok(migration) => Verdict::Migratable(Box::new(migration)),
        Err(reason) => Verdict::Error(reason),
    }
}

#[cfg(test)]
mod tests;
