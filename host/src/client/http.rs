//! Requests to a cluster: where it is, the token, and what its refusals say.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::Certificate;
use reqwest::blocking::multipart::Form;
use reqwest::blocking::{Client as Http, RequestBuilder};
use serde_json::Value;
use thiserror::Error;

use crate::config::Config;

/// An upload may be compiled for long before it is answered.
const TIMEOUT: Duration = Duration::from_secs(300);

/// A request was not done.
#[derive(Debug, Error)]
pub(crate) enum ClientError {
    /// Nobody answers.
    #[error(
        "no cluster answers at {base} ({reason}): start one with `wasmill cluster`, or name it with --address"
    )]
    NoAnswer {
        /// Where it should be.
        base: String,
        /// What the system said.
        reason: String,
    },
    /// The cluster refused.
    #[error("{0}")]
    Refused(String),
}

/// A cluster, as a client reaches it.
pub(crate) struct Client {
    http: Http,
    /// Where it is.
    pub(crate) base: String,
    token: String,
}

impl Client {
    /// A client for the cluster at an address, or at the one that the configuration names.
    ///
    /// # Errors
    /// The certificate of the configuration cannot be used.
    pub(crate) fn new(address: Option<&str>, config: &Config) -> Result<Self> {
        // Fails only if there is a provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let cluster = &config.cluster;
        let scheme = if cluster.tls.is_some() {
            "https"
        } else {
            "http"
        };
        let base = match address {
            Some(address) if address.contains("://") => address.trim_end_matches('/').to_owned(),
            Some(address) => format!("{scheme}://{address}"),
            None => {
                let at = std::net::SocketAddr::from((cluster.address, cluster.port));
                format!("{scheme}://{at}")
            }
        };
        let mut http = Http::builder().timeout(TIMEOUT);
        if let Some(path) = &cluster.ca {
            let pem = std::fs::read(path);
            let pem = pem.with_context(|| format!("certificate {}", path.display()))?;
            let certificate = Certificate::from_pem(&pem);
            http = http.add_root_certificate(
                certificate.with_context(|| format!("certificate {}", path.display()))?,
            );
        }
        Ok(Self {
            http: http.build().context("start the client")?,
            base,
            token: cluster.token.clone(),
        })
    }

    fn send(&self, request: RequestBuilder) -> Result<Value> {
        let request = match self.token.as_str() {
            "" => request,
            token => request.bearer_auth(token),
        };
        let response = request.send().map_err(|error| ClientError::NoAnswer {
            base: self.base.clone(),
            reason: root_of(&error),
        })?;
        let status = response.status();
        let text = response
            .text()
            .with_context(|| format!("answer of {}", self.base))?;
        let answer: Option<Value> = serde_json::from_str(&text).ok();
        if status.is_success() {
            return answer.with_context(|| format!("the answer of {} is no JSON", self.base));
        }
        let errors = answer
            .as_ref()
            .and_then(|answer| answer["errors"].as_array());
        let errors: Vec<&str> = errors
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let reason = if errors.is_empty() {
            format!("{} answered with {status}", self.base)
        } else {
            errors.join("; ")
        };
        Err(ClientError::Refused(reason).into())
    }

    fn url(&self, path: &str) -> String {
        format!("{}/v1{path}", self.base)
    }

    /// Reads a resource.
    ///
    /// # Errors
    /// Nobody answers, or the cluster refuses.
    pub(crate) fn get(&self, path: &str) -> Result<Value> {
        self.send(self.http.get(self.url(path)))
    }

    /// Posts a document.
    ///
    /// # Errors
    /// Nobody answers, or the cluster refuses.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.send(self.http.post(self.url(path)).json(body))
    }

    /// Changes a resource.
    ///
    /// # Errors
    /// Nobody answers, or the cluster refuses.
    pub(crate) fn patch(&self, path: &str) -> Result<Value> {
        self.send(self.http.patch(self.url(path)))
    }

    /// Deletes a resource.
    ///
    /// # Errors
    /// Nobody answers, or the cluster refuses.
    pub(crate) fn delete(&self, path: &str) -> Result<Value> {
        self.send(self.http.delete(self.url(path)))
    }

    /// Uploads a component; returns its id.
    ///
    /// # Errors
    /// The file cannot be read, nobody answers, or the cluster refuses.
    pub(crate) fn upload(&self, file: &Path) -> Result<String> {
        let form = Form::new().file("file", file);
        let form = form.with_context(|| format!("component {}", file.display()))?;
        let request = self
            .http
            .post(self.url("/components/upload"))
            .multipart(form);
        let answer = self.send(request)?;
        Ok(answer["id"].as_str().unwrap_or_default().to_owned())
    }
}

/// The innermost cause, which says most to people.
fn root_of(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
