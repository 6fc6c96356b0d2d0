//! The contract in Rust types, generated from `wit/`.
//!
//! Bound to the world `operators`, which every component has; the one export more of the world `job` is called by name
//! (see `plan.rs`), so that a component without a job graph loads too. Parameters of exports are borrowed, so a batch
//! is copied once, straight into the guest. Nothing is written by hand here.

wasmtime::component::bindgen!({
    path: "../../../wit",
    world: "wasmill:dataflow/operators",
    imports: { default: trappable },
    ownership: Borrowing { duplicate_if_necessary: true },
});
