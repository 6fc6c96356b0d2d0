//! Wasmill's one binary. Everything it does is in the library beside it, so that a program with native operators runs on
//! the same code.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    wasmill::main()
}
