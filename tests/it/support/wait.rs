//! The only place in the process tests that waits: for a condition, with a time limit, never for time alone.

use std::sync::OnceLock;
use std::time::Duration;

use dataflow::clock::{Clock, SystemClock};

/// Between two looks at a condition.
const LOOK: Duration = Duration::from_millis(2);

/// Nanoseconds since the first call in this process.
pub(crate) fn now_ns() -> u64 {
    static CLOCK: OnceLock<SystemClock> = OnceLock::new();
    CLOCK.get_or_init(SystemClock::new).monotonic_ns()
}

/// A number that differs from run to run, for fresh seeds.
pub(crate) fn fresh_seed() -> u64 {
    SystemClock::new().now_ms().unsigned_abs()
}

/// Looks until there is something or the time is over.
pub(crate) fn within<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let end_ns = now_ns() + u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX / 2);
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if now_ns() >= end_ns {
            return None;
        }
        std::thread::park_timeout(LOOK);
    }
}
