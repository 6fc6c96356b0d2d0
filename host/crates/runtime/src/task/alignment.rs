//! Holding a source back: which of its splits are too far ahead of their alignment groups, before each poll.
//!
//! Splits are paused one by one where the reader can do that. Where it cannot, the whole task waits while its least
//! advanced split is too far ahead: a split behind it in the same task is never made to wait for itself. The law, and
//! what wakes a task again, is in `dataflow::time::watermark_alignment`.

use dataflow::element::WATERMARK_MAX;
use dataflow::ids::{OperatorId, SplitId};
use dataflow::time::watermark_alignment::AlignmentMember;
use dataflow::time::watermark_generator::{GeneratorTime, WatermarkGenerator};

use crate::task::head::Head;

/// The alignment of a source task.
pub(super) struct SourceAlignment {
    members: Vec<(OperatorId, AlignmentMember)>,
    /// What was too far ahead when it was last looked at.
    held: Vec<SplitId>,
    /// What the reader was told to leave out.
    paused: Vec<SplitId>,
}

impl SourceAlignment {
    /// Aligns these assigners of the task; `None` if there are none.
    pub(super) fn of(members: Vec<(OperatorId, AlignmentMember)>) -> Option<Self> {
        (!members.is_empty()).then(|| Self {
            members,
            held: Vec::new(),
            paused: Vec::new(),
        })
    }

    /// Tells the groups how far the splits are and pauses those that are too far ahead. Returns whether there is
    /// anything left to read.
    pub(super) fn may_read(
        &mut self,
        head: &mut Head,
        generators: &mut [(OperatorId, WatermarkGenerator)],
        time: GeneratorTime,
    ) -> bool {
        let mut ahead = Vec::new();
        let (mut all_ahead, mut least_is_ahead) = (false, false);
        for (operator, member) in &self.members {
            let Some((_, generator)) = generators.iter_mut().find(|(of, _)| of == operator) else {
                continue;
            };
            // Who was held back was not silent.
            for split in &self.held {
                generator.keep_active(*split, time);
            }
            let held = hold(member, generator, time);
            all_ahead |= held.all;
            least_is_ahead |= held.least;
            ahead.extend(held.splits);
        }
        ahead.sort_unstable();
        ahead.dedup();
        self.held.clone_from(&ahead);
        if all_ahead {
            return false;
        }
        if ahead == self.paused {
            return true;
        }
        if head.pause(&ahead) {
            self.paused = ahead;
            return true;
        }
        !least_is_ahead
    }
}

/// What is too far ahead, by one assigner.
struct Held {
    splits: Vec<SplitId>,
    /// Every split that is neither idle nor ended.
    all: bool,
    /// The one that has come the least far.
    least: bool,
}

fn hold(member: &AlignmentMember, generator: &WatermarkGenerator, time: GeneratorTime) -> Held {
    let least = generator.split_watermarks(time).map(|(_, at)| at).min();
    member.report(least.unwrap_or(WATERMARK_MAX));
    let mut limit = member.limit();
    let ahead = |limit: i64| {
        let splits = generator.split_watermarks(time);
        splits.filter(move |(_, watermark)| *watermark > limit)
    };
    match ahead(limit).map(|(_, watermark)| watermark).min() {
        // The group may have moved on while this was looked at.
        Some(nearest) if !member.wait(nearest) => limit = member.limit(),
        Some(_) => {}
        None => member.resume(),
    }
    let splits: Vec<SplitId> = ahead(limit).map(|(split, _)| split).collect();
    let open = generator.split_watermarks(time).count();
    Held {
        all: open > 0 && splits.len() == open,
        least: least.is_some_and(|least| least > limit),
        splits,
    }
}
