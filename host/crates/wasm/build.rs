//! Assembles the adapter that `componentize.rs` puts into guests.

use std::path::PathBuf;
use std::{env, fs, io};

const ADAPTER: &str = "src/adapter.wat";

fn main() -> io::Result<()> {
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("OUT_DIR is not set"))?;
    let adapter = wat::parse_file(ADAPTER).map_err(io::Error::other)?;
    fs::write(PathBuf::from(out).join("adapter.wasm"), adapter)?;
    for line in [
        "cargo::rerun-if-changed=build.rs",
        "cargo::rerun-if-changed=src/adapter.wat",
    ] {
        println!("{line}");
    }
    Ok(())
}
