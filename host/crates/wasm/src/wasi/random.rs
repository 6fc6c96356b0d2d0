//! `wasi:random`: numbers that follow from the job, the chain, the subtask and the attempt, so that two runs see the same.
//!
//! A restored job is another attempt and sees others: what was drawn before the failure is not drawn again. They are
//! no secrets; a guest has nobody to keep one from.

use blake3::{Hasher, OutputReader};

use dataflow::port::operator::FragmentSpec;
use wasmtime_wasi::p2::bindings::random::{insecure, insecure_seed, random};

use crate::host_state::HostState;
use crate::refusal::Refusal;

/// Random bytes of one host call.
const RANDOM_BYTES_MAX: u64 = 1 << 20;

/// An endless stream of bytes.
#[derive(Clone, Debug)]
pub(crate) struct GuestRandom(OutputReader);

impl GuestRandom {
    /// The stream of a seed.
    pub(super) fn new(seed: &[u8; 32]) -> Self {
        Self(Hasher::new_keyed(seed).finalize_xof())
    }

    /// The seed of a task.
    pub(crate) fn seed_of(spec: &FragmentSpec) -> [u8; 32] {
        let mut hasher = Hasher::new();
        for text in [&spec.job, &spec.name] {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        hasher.update(&spec.subtask.to_le_bytes());
        hasher.update(&spec.attempt.to_le_bytes());
        *hasher.finalize().as_bytes()
    }

    pub(super) fn of(state: &mut HostState) -> &mut Self {
        &mut state.closed_wasi().random
    }

    fn bytes(&mut self, length: u64) -> wasmtime::Result<Vec<u8>> {
        if length > RANDOM_BYTES_MAX {
            return Err(Refusal::Limit {
                limit: "random bytes per call",
                used: length,
                allowed: RANDOM_BYTES_MAX,
            }
            .into());
        }
        let mut bytes = vec![0; length as usize];
        self.0.fill(&mut bytes);
        Ok(bytes)
    }

    fn number(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}

impl random::Host for GuestRandom {
    fn get_random_bytes(&mut self, length: u64) -> wasmtime::Result<Vec<u8>> {
        self.bytes(length)
    }

    fn get_random_u64(&mut self) -> wasmtime::Result<u64> {
        Ok(self.number())
    }
}

impl insecure::Host for GuestRandom {
    fn get_insecure_random_bytes(&mut self, length: u64) -> wasmtime::Result<Vec<u8>> {
        self.bytes(length)
    }

    fn get_insecure_random_u64(&mut self) -> wasmtime::Result<u64> {
        Ok(self.number())
    }
}

impl insecure_seed::Host for GuestRandom {
    fn insecure_seed(&mut self) -> wasmtime::Result<(u64, u64)> {
        Ok((self.number(), self.number()))
    }
}
