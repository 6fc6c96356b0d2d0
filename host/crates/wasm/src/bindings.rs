//! The contract in Rust types, generated from `wit/`.
//!
//! Generated from the world `complete`, but the exports of a component are looked up interface by interface
//! (`exports.rs`), so that one without a job graph, sources or sinks loads too. Parameters of exports are borrowed, so
//! a batch is copied once, straight into the guest. Nothing is written by hand here.

wasmtime::component::bindgen!({
    path: "../../../wit",
    world: "wasmill:dataflow/complete",
    imports: { default: trappable },
    ownership: Borrowing { duplicate_if_necessary: true },
});
