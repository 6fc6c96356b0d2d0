//! `wasmill compile`: the process in which a component is compiled. It limits itself before it reads; started by this
//! program only (`wasm::CompilerProcess`).

use std::io::{Read, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::config::Config;
use crate::output;

pub(super) fn compile(config: &Config) -> Result<ExitCode> {
    let limits = super::compile_limits(config);
    wasm::limit_process(&limits)?;
    let mut component = Vec::new();
    let input = std::io::stdin().lock();
    input
        .take(config.guest.component_bytes.saturating_mul(2))
        .read_to_end(&mut component)
        .context("read the component")?;
    let settings = wasm::RuntimeConfig {
        parallel_compilation: config.guest.compile.parallel,
        ..super::engine_settings(config)
    };
    match wasm::compile(&settings, &component) {
        Ok(artefact) => {
            let mut out = std::io::stdout().lock();
            out.write_all(&artefact).context("hand the code over")?;
            Ok(ExitCode::SUCCESS)
        }
        Err(wasm::WasmError::Compile { reason, .. }) => {
            output::error(&reason);
            Ok(ExitCode::from(wasm::REFUSED))
        }
        Err(error) => Err(error.into()),
    }
}
