//! The job of `guest-swap` that leaves prices as they are.

use wasmill_sdk::prelude::*;

#[wasmill_sdk::job]
fn swapped(env: &mut Env) -> Result<(), JobError> {
    guest_swap::job(env, 1)
}
