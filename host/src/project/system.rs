//! How tools are installed on this system: what people type, for them to decide. Nothing is run here.

use super::ProjectError;

/// Where Linux says which system it is.
const RELEASE: &str = "/etc/os-release";

/// A family of systems with one way to install things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum System {
    /// Debian, Ubuntu and what is made of them.
    Debian,
    /// Fedora and what is made of it.
    Fedora,
    /// macOS with Homebrew.
    MacOs,
    /// Any other.
    Other,
}

impl System {
    /// The system that this program runs on.
    pub(super) fn here() -> Self {
        if cfg!(target_os = "macos") {
            return Self::MacOs;
        }
        Self::of_release(&std::fs::read_to_string(RELEASE).unwrap_or_default())
    }

    /// The family that the text of `os-release` names: by its id, or by what it is like.
    pub(super) fn of_release(text: &str) -> Self {
        let of = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key));
            line.unwrap_or_default().replace('"', "")
        };
        let names = format!("{} {}", of("ID="), of("ID_LIKE="));
        let is = |wanted: &[&str]| names.split_whitespace().any(|name| wanted.contains(&name));
        if is(&["debian", "ubuntu"]) {
            Self::Debian
        } else if is(&["fedora", "rhel", "centos"]) {
            Self::Fedora
        } else {
            Self::Other
        }
    }

    /// What installs a tool here.
    pub(super) fn remedy(self, tool: Tool) -> String {
        let (debian, fedora, mac, other) = tool.packages();
        match self {
            Self::Debian if !debian.is_empty() => format!("install it: apt-get install {debian}"),
            Self::Fedora if !fedora.is_empty() => format!("install it: dnf install {fedora}"),
            Self::MacOs if !mac.is_empty() => format!("install it: brew install {mac}"),
            _ => other.to_owned(),
        }
    }
}

/// What builds jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tool {
    /// Rust's own.
    Cargo,
    /// Its library for WebAssembly.
    RustTarget,
    /// Go, from 1.24 on.
    Go,
    /// Clang with a C library for WASI.
    Clang,
    /// Python, from 3.11 on.
    Python,
    /// Node.js, from 20 on.
    Node,
}

impl Tool {
    /// Packages of Debian, of Fedora and of Homebrew (none: they are no way), and what to do elsewhere.
    fn packages(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Self::Cargo => ("", "", "", "install Rust: https://rustup.rs"),
            Self::RustTarget => {
                let command = "install it: rustup target add wasm32-unknown-unknown";
                ("", "", "", command)
            }
            Self::Go => (
                "golang-go (if it is older than 1.24: https://go.dev/dl)",
                "golang",
                "go",
                "install Go 1.24 or newer: https://go.dev/dl",
            ),
            Self::Clang => (
                "clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32",
                "clang lld wasi-libc-devel wasi-libc-static compiler-rt",
                "llvm lld wasi-libc wasi-runtimes",
                "install clang 19 or newer with lld and wasi-libc",
            ),
            Self::Python => (
                "python3 python3-venv",
                "python3",
                "python",
                "install Python 3.11 or newer: https://www.python.org",
            ),
            Self::Node => (
                "nodejs npm",
                "nodejs npm",
                "node",
                "install Node.js 20 or newer: https://nodejs.org",
            ),
        }
    }
}

/// A tool that is not there, and what to do about it here.
pub(super) fn missing(name: &str, tool: Tool) -> ProjectError {
    ProjectError::Tool {
        tool: name.to_owned(),
        problem: "is missing".to_owned(),
        remedy: System::here().remedy(tool),
    }
}

#[cfg(test)]
mod tests;
