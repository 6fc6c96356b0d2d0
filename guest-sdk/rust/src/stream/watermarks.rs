//! [`Watermarks`]: by which rule event time advances behind an assigner (Flink's `WatermarkStrategy`).
//!
//! The rule is carried out by the host, per source split; only what a punctuated assigner says of single records comes
//! from here. What is impossible is told when the job is planned.

use std::rc::Rc;

use serde_json::{Value, json};

/// Says of single records that event time has come to here.
pub(crate) type Punctuate<T> = Rc<dyn Fn(&T) -> Option<i64>>;

/// How the host makes watermarks of the timestamps it is told.
pub struct Watermarks<T> {
    rule: Rule<T>,
    idle_after_ms: Option<i64>,
    alignment: Option<(String, i64)>,
}

enum Rule<T> {
    Bounded(i64),
    Monotonic,
    Punctuated(Punctuate<T>),
    None,
    Ingestion,
}

impl<T> Watermarks<T> {
    fn of(rule: Rule<T>) -> Self {
        Self {
            rule,
            idle_after_ms: None,
            alignment: None,
        }
    }

    /// Records are at most this late behind the latest one (milliseconds).
    pub fn bounded_ms(max_out_of_orderness_ms: i64) -> Self {
        Self::of(Rule::Bounded(max_out_of_orderness_ms))
    }

    /// Timestamps never go back within a source split.
    pub fn monotonic() -> Self {
        Self::of(Rule::Monotonic)
    }

    /// Some records carry a watermark: no record at or below it follows in the same source split (milliseconds). The
    /// largest so far holds, so this is also the place for a rule of your own. It reaches the next operator when the
    /// call ends.
    pub fn punctuated(watermark: impl Fn(&T) -> Option<i64> + 'static) -> Self {
        Self::of(Rule::Punctuated(Rc::new(watermark)))
    }

    /// Timestamps without watermarks: event time stands still until the input ends.
    pub fn none() -> Self {
        Self::of(Rule::None)
    }

    /// Ingestion time: a record's timestamp is the moment at which it came, and event time follows the clock. Goes with
    /// `assign_watermarks`, since nothing is read from the record.
    pub fn ingestion() -> Self {
        Self::of(Rule::Ingestion)
    }

    /// A split without records for this long does not hold event time up (milliseconds).
    #[must_use]
    pub fn idle_after_ms(mut self, idle_after_ms: i64) -> Self {
        self.idle_after_ms = Some(idle_after_ms);
        self
    }

    /// Sources of one group do not run away from each other: a split that is further than `max_drift_ms` ahead of the
    /// group's least watermark is not read until the others have caught up. It is looked at once a batch, so a batch
    /// more may come.
    #[must_use]
    pub fn aligned(mut self, group: &str, max_drift_ms: i64) -> Self {
        self.alignment = Some((group.to_owned(), max_drift_ms));
        self
    }

    /// Whether the clock gives the timestamps.
    pub(crate) fn is_ingestion(&self) -> bool {
        matches!(self.rule, Rule::Ingestion)
    }

    /// What is wrong with the rule, if anything.
    pub(crate) fn defect(&self) -> Option<String> {
        if let Rule::Bounded(bound) = self.rule
            && bound < 0
        {
            return Some(format!(
                "records cannot be {bound} ms out of order, give 0 or more"
            ));
        }
        if let Some(idle) = self.idle_after_ms {
            if idle < 1 {
                return Some(format!(
                    "idle after {idle} ms is impossible, give at least 1"
                ));
            }
            if self.is_ingestion() {
                return Some("ingestion time is never idle, leave idle_after_ms out".to_owned());
            }
        }
        match &self.alignment {
            None => None,
            Some(_) if matches!(self.rule, Rule::None | Rule::Ingestion) => Some(
                "alignment needs watermarks that follow from the records: bounded, monotonic or punctuated"
                    .to_owned(),
            ),
            Some((group, _)) if group.is_empty() => {
                Some("its alignment group has no name".to_owned())
            }
            Some((group, drift)) if *drift < 0 => Some(format!(
                "a drift of {drift} ms in alignment group {group} is impossible, give 0 or more"
            )),
            Some(_) => None,
        }
    }

    /// The rule as the plan shows it, and what the assigner has to ask of its records, if anything.
    pub(crate) fn into_plan(self) -> (Value, Option<Punctuate<T>>) {
        let strategy = match self.rule {
            Rule::Bounded(_) => "bounded",
            Rule::Monotonic => "monotonic",
            Rule::Punctuated(_) => "punctuated",
            Rule::None => "none",
            Rule::Ingestion => "ingestion",
        };
        let mut document = json!({ "strategy": strategy, "idle_after_ms": self.idle_after_ms });
        if let Rule::Bounded(bound) = self.rule {
            document["max_out_of_orderness_ms"] = json!(bound);
        }
        if let Some((group, max_drift_ms)) = &self.alignment {
            document["alignment"] = json!({ "group": group, "max_drift_ms": max_drift_ms });
        }
        let punctuate = match self.rule {
            Rule::Punctuated(watermark) => Some(watermark),
            Rule::Bounded(_) | Rule::Monotonic | Rule::None | Rule::Ingestion => None,
        };
        (document, punctuate)
    }
}
