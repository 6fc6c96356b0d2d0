//! The job of `guest-evolving`, in its first release unless the parameter `version` says otherwise.

use wasmill_sdk::prelude::*;

#[wasmill_sdk::job]
fn evolving(env: &mut Env) -> Result<(), JobError> {
    guest_evolving::job(env, 1)
}
