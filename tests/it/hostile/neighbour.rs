//! A job of somebody else on the same machine, that runs while hostile ones do.

use serde_json::Value;

use crate::support::run::{Run, Running};

/// A good job under way, and what it must give.
pub(super) struct Neighbour {
    running: Running,
    expected: Value,
}

fn job() -> Run {
    Run::bench("J2").param("n", 2_000_000).param("keys", 1000)
}

impl Neighbour {
    /// Runs it once alone, then starts it.
    pub(super) fn start() -> Self {
        let expected = job().summary()["checksum"].clone();
        assert!(expected.is_string(), "{expected}");
        let running = job().start();
        Self { running, expected }
    }

    /// Waits for its end and looks at its result.
    pub(super) fn check_unharmed(self) {
        let summary = self.running.end().success().summary();
        assert_eq!(summary["checksum"], self.expected);
    }
}
