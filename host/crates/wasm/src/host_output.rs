//! The imported interface `output`: checks what the guest emits and keeps it in the call.
//!
//! Invariant: a batch in the call is valid and has at most `BATCH_RECORDS_MAX` records; a larger one is cut. Whoever
//! reads the output needs no check of its own.

use dataflow::element::Batch;
use dataflow::limits::{BATCH_RECORDS_MAX, RECORD_BYTES_MAX};

use crate::bindings::wasmill::dataflow::output::{self, Host};
use crate::host_state::{ENTRIES_PER_HOST_CALL_MAX, HostState, column};
use crate::refusal::Refusal;

impl HostState {
    fn emit_batch(&mut self, port: u32, mut records: Batch) -> Result<(), Refusal> {
        if port as usize >= self.output_ports {
            return Err(Refusal::Malformed(format!(
                "output port {port} of a task that has {}",
                self.output_ports
            )));
        }
        records
            .validate(ENTRIES_PER_HOST_CALL_MAX)
            .map_err(|malformed| Refusal::Malformed(malformed.to_string()))?;
        check_record_sizes(&records)?;
        if records.len() > BATCH_RECORDS_MAX {
            for part in cut(&mut records) {
                self.call.emit(port, part)?;
            }
            return Ok(());
        }
        Ok(self.call.emit(port, records)?)
    }
}

/// Refuses records that no edge could carry.
fn check_record_sizes(records: &Batch) -> Result<(), Refusal> {
    if records.keys.data.len() + records.values.data.len() <= RECORD_BYTES_MAX {
        return Ok(());
    }
    for index in 0..records.len() {
        let bytes = records.key(index).len() + records.value(index).len();
        if bytes > RECORD_BYTES_MAX {
            return Err(Refusal::Limit {
                limit: "record (bytes)",
                used: bytes as u64,
                allowed: RECORD_BYTES_MAX as u64,
            });
        }
    }
    Ok(())
}

/// Cuts a batch into parts of the allowed size, from the end, so that each record is copied once.
fn cut(records: &mut Batch) -> Vec<Batch> {
    let last_start = (records.len() - 1) / BATCH_RECORDS_MAX * BATCH_RECORDS_MAX;
    let mut parts: Vec<Batch> = (0..last_start + 1)
        .step_by(BATCH_RECORDS_MAX)
        .rev()
        .map(|start| records.split_off(start))
        .collect();
    parts.reverse();
    parts
}

impl Host for HostState {
    fn emit(&mut self, port: u32, records: output::Batch) -> wasmtime::Result<()> {
        let records = Batch {
            count: records.count,
            timestamps: records.timestamps,
            keys: column(records.keys),
            values: column(records.values),
        };
        Ok(self.emit_batch(port, records)?)
    }
}

#[cfg(test)]
mod tests;
