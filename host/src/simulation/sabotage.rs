//! Guards of exactly-once that a run can be robbed of, to see that the campaign notices: its mutation check.
//!
//! None of them needs a switch in the engine: a guard is taken away at the port where it works. A robbed run that nobody
//! complains about is a hole in the checkers.

use std::sync::Arc;

use dataflow::checkpoint::snapshot::TaskSnapshot;
use dataflow::ids::CheckpointId;
use dataflow::port::blob::BlobStore;
use dataflow::port::state::{
    BackendSpec, SnapshotHandle, StateBackend, StateBackendFactory, StateError,
};
use dataflow::time::timer::TimeDomain;

use super::outside::prepared_for;

/// What is taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sabotage {
    /// No channel waits for the barriers of the others.
    NoAlignment,
    /// The sink publishes before the checkpoint has its metadata.
    PublishBeforeMetadata,
    /// Transactions of a checkpoint that was given up are forgotten by the next one.
    ForgetUncommitted,
    /// Snapshots have no timers.
    LoseTimers,
    /// Nobody compares hashes.
    NoHashes,
    /// A process does not find out that another has taken its job over.
    NoFencing,
    /// The target does not look whether it has published a transaction before.
    IgnoreMarkers,
    /// A restored job reads its input from the start.
    ForgetPositions,
    /// Records in flight are not part of the checkpoint whose barriers overtook them.
    ForgetInFlight,
    /// Nothing that a failed run published is taken back when its checkpoint turns out to be damaged.
    NoWithdrawal,
}

impl Sabotage {
    /// All, each with the number of seeds within which it must be noticed.
    pub(super) const ALL: [(Self, u64); 10] = [
        (Self::NoAlignment, 10),
        (Self::PublishBeforeMetadata, 10),
        (Self::ForgetUncommitted, 10),
        (Self::LoseTimers, 10),
        (Self::NoHashes, 10),
        (Self::NoFencing, 10),
        (Self::IgnoreMarkers, 10),
        (Self::ForgetPositions, 10),
        (Self::ForgetInFlight, 10),
        (Self::NoWithdrawal, 10),
    ];

    /// Changes what a task acknowledges.
    pub(super) fn spoil(self, checkpoint: CheckpointId, part: &mut TaskSnapshot) {
        match self {
            Self::ForgetUncommitted => {
                for sink in &mut part.sinks {
                    let own = |it: &_| prepared_for(it) == Some(checkpoint);
                    sink.committables.retain(own);
                }
            }
            Self::ForgetPositions => {
                for split in &mut part.splits {
                    split.state.fill(0);
                }
            }
            Self::ForgetInFlight => part.in_flight = None,
            Self::NoAlignment
            | Self::PublishBeforeMetadata
            | Self::LoseTimers
            | Self::NoHashes
            | Self::NoFencing
            | Self::IgnoreMarkers
            | Self::NoWithdrawal => {}
        }
    }
}

/// Opens backends whose timers are gone.
pub(super) struct WithoutTimers<F>(pub(super) F);

impl<F: StateBackendFactory> StateBackendFactory for WithoutTimers<F> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn open(
        &self,
        spec: BackendSpec,
        snapshots: &[SnapshotHandle],
        store: Arc<dyn BlobStore>,
    ) -> Result<Box<dyn StateBackend>, StateError> {
        let mut backend = self.0.open(spec, snapshots, store)?;
        for domain in [TimeDomain::Event, TimeDomain::Processing] {
            backend.take_timers(domain, &mut |_, _, _| {})?;
        }
        Ok(backend)
    }
}
