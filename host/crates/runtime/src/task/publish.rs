//! What a task tells of itself while it runs: its figures, a handful of plain stores, and the metrics of its operators. It
//! tells once a step at most, never per record, and nobody is asked.

use std::sync::atomic::Ordering;

use crate::task::step::Task;

impl Task {
    pub(super) fn publish_metrics(&self) {
        if let Some(operator) = &self.operator {
            let figures = &self.environment.figures;
            figures.publish_metrics(operator.metrics());
        }
    }

    /// Writes the figures; a handful of plain stores.
    pub(super) fn publish(&mut self) {
        let figures = &self.environment.figures;
        figures
            .records_out
            .store(self.outlets.records(), Ordering::Relaxed);
        figures
            .bytes_out
            .store(self.outlets.bytes(), Ordering::Relaxed);
        figures
            .buffers_queued
            .store(self.outlets.queued() as u64, Ordering::Relaxed);
        let generated = self
            .generators
            .iter()
            .map(|(_, generator)| generator.watermark())
            .max();
        figures
            .watermark
            .store(generated.unwrap_or(self.watermark), Ordering::Relaxed);
        if let Some(progress) = self.head.progress() {
            figures.source_done.store(progress.done, Ordering::Relaxed);
            figures
                .source_total
                .store(progress.total, Ordering::Relaxed);
        }
        if let Some(operator) = &mut self.operator {
            figures
                .guest_memory_bytes
                .store(operator.guest_memory_bytes(), Ordering::Relaxed);
            let call = operator.call();
            let timers = call.timers();
            figures.timers.store(
                (timers.event.len() + timers.processing.len()) as u64,
                Ordering::Relaxed,
            );
            if let Some(backend) = call.backend() {
                let usage = backend.usage();
                figures
                    .state_entries
                    .store(usage.entries, Ordering::Relaxed);
                figures
                    .state_bytes
                    .store(usage.memory_bytes, Ordering::Relaxed);
            }
        }
    }
}
