//! What every request must pass before a handler sees it: names and origins ([`origin`]), who it is from ([`tokens`]),
//! and how often it comes ([`rate`]).
//!
//! Keeps: without tokens only programs on this machine and the console itself are served; a page of another site can
//! neither read nor change anything, also not by a name that leads here. A public address needs tokens and TLS.

mod origin;
mod rate;
mod tokens;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Result, bail};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::ApiError;
use crate::config::cluster::ClusterConfig;
use origin::Names;
use rate::Rates;
use tokens::Tokens;
pub(crate) use tokens::{Role, is_of_the_api, new_token};

/// Whether a text is a file of tokens.
#[cfg(any(test, fuzzing))]
pub(super) fn can_be_read(path: &std::path::Path, text: &str) -> bool {
    Tokens::parse(path, text).is_ok()
}

/// The door's rules.
pub(crate) struct Guard {
    tokens: Option<Tokens>,
    names: Names,
    rates: Rates,
}

impl Guard {
    /// The rules of a configuration for a server at an address.
    ///
    /// # Errors
    /// The address is public and the configuration does not protect it, or the tokens cannot be read.
    pub(crate) fn new(config: &ClusterConfig, address: SocketAddr) -> Result<Self> {
        let tokens = config
            .tokens_file
            .as_deref()
            .map(Tokens::read)
            .transpose()?;
        let protected = tokens.is_some() && config.tls.is_some();
        if !address.ip().is_loopback() && !protected && !config.insecure {
            bail!(
                "{address} can be reached by others: set security.tokens-file, security.tls-certificate and security.tls-key, or accept the risk with --insecure"
            );
        }
        Ok(Self {
            tokens,
            names: Names::new(address, &config.hosts),
            rates: Rates::new(config.requests_per_second),
        })
    }

    fn check(&self, request: &Request) -> Result<(), ApiError> {
        let path = request.uri().path();
        let headers = request.headers();
        let host = request.uri().authority().map(|it| it.as_str());
        self.names.check(host, headers, self.tokens.is_some())?;
        let changes = !matches!(
            *request.method(),
            Method::GET | Method::HEAD | Method::OPTIONS
        );
        if changes {
            origin::check_content_type(headers)?;
        }
        match &self.tokens {
            Some(tokens) => {
                if let Some(needed) = Role::needed(request.method(), path) {
                    tokens.check(headers.get(header::AUTHORIZATION), needed)?;
                }
            }
            None if changes => origin::check_console(headers)?,
            None => {}
        }
        Ok(())
    }
}

/// Lets a request pass or answers it.
pub(super) async fn pass(
    State(guard): State<Arc<Guard>>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    if !guard.rates.admit(client.ip()) {
        let busy = "too many requests: wait a second";
        let busy = ApiError::new(StatusCode::TOO_MANY_REQUESTS, busy);
        return ([(header::RETRY_AFTER, "1")], busy).into_response();
    }
    match guard.check(&request) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    }
}
