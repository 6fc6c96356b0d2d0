//! Components that do what no component should: whatever they do, the process lives, ends in time with one line that
//! names what was wrong, and a job beside them gives what it always gives.
//!
//! [`cases`] are operators that misbehave while they run, [`bombs`] modules that are dear to compile, [`damage`] bytes
//! that are no component.

mod binary;
mod bombs;
mod cases;
mod damage;
mod neighbour;
