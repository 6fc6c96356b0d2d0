//! Watermark alignment: no source of a group runs further ahead of the group's least watermark than it may.
//!
//! Each member (a source task's assigner) tells how far it is by one atomic store a batch; the least of all is a scan over
//! the members, who are few. A member that is too far ahead notes at which group watermark it may go on and waits;
//! whoever raises the group's watermark to that wakes it. No lock, and nothing per record. A member that is idle or has
//! ended does not count.
//!
//! Invariant: the member that holds the group's watermark is never held itself, so somebody can always go on. The word
//! is Flink's; unlike there, nobody coordinates.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::element::{WATERMARK_MAX, WATERMARK_MIN};
use crate::port::source::Wake;

/// Not waiting for anything.
const NOT_WAITING: i64 = i64::MAX;

/// What the members of one group share.
struct Group {
    places: Vec<Place>,
}

struct Place {
    /// How far the member is; [`WATERMARK_MAX`] if it does not count.
    watermark: AtomicI64,
    /// The watermark of the group at which the member may go on.
    resume_at: AtomicI64,
    wake: Wake,
}

impl Group {
    /// The least watermark of those that count.
    fn watermark(&self) -> i64 {
        let places = self.places.iter();
        places
            .map(|place| place.watermark.load(Ordering::SeqCst))
            .min()
            .unwrap_or(WATERMARK_MAX)
    }
}

/// One member of a group. Leaves it when it is dropped.
pub struct AlignmentMember {
    group: Arc<Group>,
    place: usize,
    max_drift_ms: i64,
}

impl fmt::Debug for AlignmentMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (place, members) = (self.place, self.group.places.len());
        write!(f, "member {place} of {members}")
    }
}

/// Makes a group. Each member comes with its greatest drift (milliseconds) and what wakes its task; until it reports, it
/// holds the group back.
pub fn alignment_group(members: Vec<(i64, Wake)>) -> Vec<AlignmentMember> {
    let drifts: Vec<i64> = members.iter().map(|(drift, _)| *drift).collect();
    let place = |(_, wake)| Place {
        watermark: AtomicI64::new(WATERMARK_MIN),
        resume_at: AtomicI64::new(NOT_WAITING),
        wake,
    };
    let group = Arc::new(Group {
        places: members.into_iter().map(place).collect(),
    });
    let member = |(place, max_drift_ms)| AlignmentMember {
        group: Arc::clone(&group),
        place,
        max_drift_ms,
    };
    drifts.into_iter().enumerate().map(member).collect()
}

impl AlignmentMember {
    /// Tells how far this member is: its least watermark, or [`WATERMARK_MAX`] if it does not count. Wakes those who
    /// waited for that.
    pub fn report(&self, watermark: i64) {
        let places = &self.group.places;
        if places[self.place].watermark.load(Ordering::Relaxed) == watermark {
            return;
        }
        places[self.place]
            .watermark
            .store(watermark, Ordering::SeqCst);
        let least = self.group.watermark();
        for place in places {
            let resume_at = place.resume_at.load(Ordering::SeqCst);
            if resume_at != NOT_WAITING && resume_at <= least {
                (place.wake)();
            }
        }
    }

    /// The watermark beyond which a split of this member has to wait now.
    pub fn limit(&self) -> i64 {
        match self.group.watermark() {
            // Nobody can be further than somebody who has not begun, except that who has not begun either.
            WATERMARK_MIN => WATERMARK_MIN,
            least => least.saturating_add(self.max_drift_ms),
        }
    }

    /// Asks to be woken when a split at `watermark` may go on. Returns false if it may by now.
    pub fn wait(&self, watermark: i64) -> bool {
        let resume_at = watermark.saturating_sub(self.max_drift_ms);
        let place = &self.group.places[self.place];
        place.resume_at.store(resume_at, Ordering::SeqCst);
        // Looked at after the store: whoever raises the watermark later sees the wish.
        if self.limit() < watermark {
            return true;
        }
        self.resume();
        false
    }

    /// Waits for nothing any more.
    pub fn resume(&self) {
        let place = &self.group.places[self.place];
        if place.resume_at.load(Ordering::Relaxed) != NOT_WAITING {
            place.resume_at.store(NOT_WAITING, Ordering::SeqCst);
        }
    }
}

impl Drop for AlignmentMember {
    fn drop(&mut self) {
        self.resume();
        self.report(WATERMARK_MAX);
    }
}

#[cfg(test)]
mod tests;
