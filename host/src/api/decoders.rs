//! The bodies of requests for tests of hostile bytes: every shape that is read, by the same types. Compiled for tests and
//! fuzzing only.

use std::path::Path;

use crate::dispatcher::job_spec::JobSource;

use super::{components, operations, resource_requirements, security};

/// Reads bytes as every body there is.
pub(crate) fn body(bytes: &[u8]) {
    if let Ok(run) = serde_json::from_slice::<components::RunRequest>(bytes) {
        let _ = run.spec(JobSource::Elsewhere);
    }
    let _ = serde_json::from_slice::<operations::SavepointRequest>(bytes);
    let _ = serde_json::from_slice::<operations::StopRequest>(bytes);
    let _ = serde_json::from_slice::<operations::SwapRequest>(bytes);
    let _ = serde_json::from_slice::<resource_requirements::Requirements>(bytes);
}

/// Reads bytes as a file of tokens.
pub(crate) fn tokens(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = security::can_be_read(Path::new("tokens"), &text);
}
