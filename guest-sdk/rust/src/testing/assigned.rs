//! What a timestamp assigner has come to in the harness: the host's rules for one source split, without idleness and
//! alignment, which need time and company.

use serde_json::Value;

use crate::host::Observation;

/// One assigner.
pub(super) struct Assigned {
    /// How far the watermark is behind the largest timestamp, if it follows from that.
    bound: Option<i64>,
    punctuated: bool,
    max_timestamp: i64,
    watermark: i64,
}

impl Assigned {
    /// An assigner of this strategy, as the plan shows it.
    pub(super) fn by(watermarks: &Value) -> Self {
        let bound = match watermarks["strategy"].as_str() {
            Some("none" | "punctuated") => None,
            Some(_) | None => Some(watermarks["max_out_of_orderness_ms"].as_i64().unwrap_or(0)),
        };
        Self {
            bound,
            punctuated: watermarks["strategy"] == "punctuated",
            max_timestamp: i64::MIN,
            watermark: i64::MIN,
        }
    }

    /// It gave out timestamps.
    pub(super) fn see(&mut self, observation: &Observation) {
        self.max_timestamp = observation.max_timestamp.max(self.max_timestamp);
        let watermark = match self.bound {
            Some(bound) => self.max_timestamp.saturating_sub(bound).saturating_sub(1),
            None if self.punctuated => observation.watermark,
            None => i64::MIN,
        };
        self.watermark = watermark.max(self.watermark);
    }

    /// Its input has ended.
    pub(super) fn end(&mut self) {
        self.watermark = i64::MAX;
    }

    /// The watermark, if it has one.
    pub(super) fn watermark(&self) -> Option<i64> {
        (self.watermark != i64::MIN).then_some(self.watermark)
    }
}
