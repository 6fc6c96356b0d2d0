//! Splits that reach a source task while it runs.
//!
//! Keeps: a split that the task took is in its next snapshot, and holds its watermark back from then on until it has
//! shown a timestamp or is idle. Who discovers splits, and which task gets which, is the job master's business.

use dataflow::port::source::SourceSplit;

use crate::task::error::TaskError;
use crate::task::step::Task;

impl Task {
    /// Takes splits over.
    ///
    /// # Errors
    /// The source does not take them.
    pub(super) fn take_splits(&mut self, splits: Vec<SourceSplit>) -> Result<(), TaskError> {
        let time = self.generator_time();
        for (_, generator) in &mut self.generators {
            for split in &splits {
                generator.split_added(split.id, time);
            }
        }
        self.head.add_splits(splits)
    }
}
