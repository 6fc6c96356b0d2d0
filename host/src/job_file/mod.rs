//! Job files: a job written down in YAML instead of built by a component. It names components, connectors of the host and
//! what flows between them; `docs/JOB_FILES.md` describes it for users.
//!
//! Reading order: [`document`] (what is written), [`read`] (from a file to the document), [`parameters`] (`${name}`),
//! [`watermarks`] (event time of a source), [`assemble`] (from the document to one job graph) with [`splice`] (a component
//! with open ports in its place), [`seam`] (do two schemas fit) and [`guest`] (limits and failures), [`export`] (a
//! component's plan as a job file).
//!
//! Invariant: a job file adds no meaning of its own. It becomes the same graph of the same operators that a component
//! plans, so whatever an operator of a plan can be, an operator of a job file can be.

pub(crate) mod assemble;
pub(crate) mod document;
mod error;
pub(crate) mod export;
mod guest;
mod parameters;
pub(crate) mod read;
mod seam;
mod shipped;
mod splice;
mod watermarks;

pub(crate) use assemble::Assembled;
pub(crate) use document::JobFile;
