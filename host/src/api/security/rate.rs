//! How often a client may ask: so many requests in a second, with as many at once.

use std::net::IpAddr;
use std::num::NonZeroU32;

use dataflow::limits::RATED_CLIENTS_MAX;
use governor::clock::DefaultClock;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

/// The rates of all clients.
pub(super) struct Rates(RateLimiter<IpAddr, DefaultKeyedStateStore<IpAddr>, DefaultClock>);

impl Rates {
    pub(super) fn new(per_second: u32) -> Self {
        let per_second = NonZeroU32::new(per_second).unwrap_or(NonZeroU32::MIN);
        Self(RateLimiter::keyed(Quota::per_second(per_second)))
    }

    /// Whether a client may ask now.
    pub(super) fn admit(&self, client: IpAddr) -> bool {
        if self.0.len() > RATED_CLIENTS_MAX {
            self.0.retain_recent();
        }
        self.0.check_key(&client).is_ok()
    }
}
