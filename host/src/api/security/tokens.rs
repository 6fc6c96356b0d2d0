//! Bearer tokens: 256 random bits each, of which the file keeps only the hash. A line is `ROLE HASH NAME`; lines that
//! begin with `#` are comments.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use axum::http::{HeaderValue, Method, StatusCode};

use super::super::error::ApiError;

/// What a token allows; each role allows what those before it do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Role {
    /// To look at jobs.
    View,
    /// To upload, run and stop jobs and to look at their records.
    Submit,
    /// To delete and to look at the process.
    Admin,
}

impl Role {
    /// The name in the file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Submit => "submit",
            Self::Admin => "admin",
        }
    }

    /// The role a request needs; none for what everybody may see: the console's files and that the process answers.
    pub(super) fn needed(method: &Method, path: &str) -> Option<Self> {
        if !is_of_the_api(path) {
            return None;
        }
        let path = path.strip_prefix("/v1").unwrap_or(path);
        let first = path.trim_start_matches('/').split('/').next();
        let shows_records = ["/tap", "/states", "/dead-letters"];
        let shows_records = shows_records.iter().any(|part| path.contains(part));
        Some(match *method {
            Method::DELETE => Self::Admin,
            Method::GET | Method::HEAD | Method::OPTIONS if first == Some("jobmanager") => {
                Self::Admin
            }
            Method::GET | Method::HEAD | Method::OPTIONS if !shows_records => Self::View,
            _ => Self::Submit,
        })
    }
}

/// The first parts of the paths of the API; everything else is the console's.
const OF_THE_API: [&str; 11] = [
    "overview",
    "config",
    "jobmanager",
    "taskmanagers",
    "jobs",
    "components",
    "jars",
    "job-files",
    "events",
    "metrics",
    "openapi.json",
];

/// Whether a path is the API's and not the console's.
pub(crate) fn is_of_the_api(path: &str) -> bool {
    let mut parts = path.trim_start_matches('/').split('/');
    match parts.next() {
        Some("v1") => parts.next() != Some("healthz"),
        first => first.is_some_and(|first| OF_THE_API.contains(&first)),
    }
}

/// The tokens that are accepted.
pub(super) struct Tokens(Vec<(Role, blake3::Hash)>);

impl Tokens {
    /// Reads a file of tokens.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path);
        let text = text.with_context(|| format!("tokens file {}", path.display()))?;
        Self::parse(path, &text)
    }

    /// Reads the text of a file of tokens.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self> {
        let mut tokens = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let place = || format!("tokens file {}, line {}", path.display(), number + 1);
            let mut words = line.split_whitespace();
            let role = match words.next().unwrap_or_default() {
                "view" => Role::View,
                "submit" => Role::Submit,
                "admin" => Role::Admin,
                other => bail!(
                    "{}: \"{other}\" is no role; write view, submit or admin",
                    place()
                ),
            };
            let hash = words.next().unwrap_or_default();
            let hash = blake3::Hash::from_hex(hash);
            tokens.push((
                role,
                hash.with_context(|| format!("{}: its hash", place()))?,
            ));
        }
        if tokens.is_empty() {
            bail!(
                "tokens file {}: there is no token in it; make one with `wasmill token`",
                path.display()
            );
        }
        Ok(Self(tokens))
    }

    /// Checks the header of a request. Takes as long for every token.
    pub(super) fn check(&self, header: Option<&HeaderValue>, needed: Role) -> Result<(), ApiError> {
        let unknown = || {
            let reason = "show a token: `Authorization: Bearer TOKEN`";
            ApiError::new(StatusCode::UNAUTHORIZED, reason)
        };
        let token = header
            .and_then(|value| value.to_str().ok())
            .ok_or_else(unknown)?;
        let (scheme, token) = token.split_once(' ').ok_or_else(unknown)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(unknown());
        }
        let hash = blake3::hash(token.trim().as_bytes());
        let mut found = None;
        for (role, known) in &self.0 {
            // Equality of hashes takes the same time whatever they are.
            if *known == hash {
                found = found.max(Some(*role));
            }
        }
        match found {
            None => Err(unknown()),
            Some(role) if role < needed => {
                let reason = format!(
                    "the token has the role {}, and this needs {}",
                    role.name(),
                    needed.name()
                );
                Err(ApiError::new(StatusCode::FORBIDDEN, reason))
            }
            Some(_) => Ok(()),
        }
    }
}

/// A new token, and its line for the file.
///
/// # Errors
/// The system gives no random numbers.
pub(crate) fn new_token(role: Role, name: &str) -> Result<(String, String)> {
    let mut bits = [0; 32];
    getrandom::fill(&mut bits)
        .map_err(|error| anyhow!("the system gives no random numbers: {error}"))?;
    let token: String = bits.iter().map(|byte| format!("{byte:02x}")).collect();
    let hash = blake3::hash(token.as_bytes()).to_hex();
    Ok((token, format!("{} {hash} {name}", role.name())))
}

#[cfg(test)]
mod tests;
