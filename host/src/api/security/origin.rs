//! By which name the server is called, and from which page: protection from other sites in a browser of this machine.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, StatusCode, Uri, header};

use super::super::error::ApiError;

/// The header that the console sends with every change. A page of another site cannot without being asked first.
const REQUESTED_WITH: &str = "x-requested-with";

const CONTENT_TYPES: [&str; 7] = [
    "application/json",
    "multipart/form-data",
    "application/yaml",
    "application/x-yaml",
    "text/yaml",
    "text/x-yaml",
    "application/octet-stream",
];

/// The names by which the server may be called.
pub(super) struct Names {
    own: IpAddr,
    port: u16,
    configured: Vec<String>,
}

fn refused(reason: String) -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN, reason)
}

impl Names {
    pub(super) fn new(address: SocketAddr, configured: &[String]) -> Self {
        Self {
            own: address.ip(),
            port: address.port(),
            configured: configured
                .iter()
                .map(|name| name.to_ascii_lowercase())
                .collect(),
        }
    }

    /// Whether a host (and port) is this server by a name that cannot be somebody else's. A name of the domain name system
    /// can be pointed here by its owner, so only configured ones count.
    fn is_ours(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => (name, port),
            _ => (host.as_str(), ""),
        };
        if self
            .configured
            .iter()
            .any(|ours| *ours == name || *ours == host)
        {
            return true;
        }
        if !port.is_empty() && port != self.port.to_string() {
            return false;
        }
        let address = name
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>();
        match address {
            Ok(address) => {
                address.is_loopback() || self.own.is_unspecified() || address == self.own
            }
            Err(_) => name == "localhost",
        }
    }

    /// Checks by which name and from which page a request comes.
    pub(super) fn check(
        &self,
        authority: Option<&str>,
        headers: &HeaderMap,
        with_tokens: bool,
    ) -> Result<(), ApiError> {
        let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        let host = text(header::HOST).or(authority).unwrap_or_default();
        // Whoever must show a token is not helped by a name.
        if !with_tokens && !self.is_ours(host) {
            return Err(refused(format!(
                "host \"{}\" is no name of this server: add it to rest.hosts",
                host.escape_default()
            )));
        }
        if let Some(origin) = text(header::ORIGIN) {
            let page = origin.parse::<Uri>().ok();
            let page = page.as_ref().and_then(|page| page.authority());
            if !page.is_some_and(|page| page.as_str().eq_ignore_ascii_case(host)) {
                return Err(refused("a page of another site asks".to_owned()));
            }
        }
        if let Some("cross-site") = text(header::HeaderName::from_static("sec-fetch-site")) {
            return Err(refused("a page of another site asks".to_owned()));
        }
        Ok(())
    }
}

/// A browser that changes something must say so in a way that only our own page can.
pub(super) fn check_console(headers: &HeaderMap) -> Result<(), ApiError> {
    let from_browser = headers.contains_key(header::ORIGIN)
        || headers.contains_key("sec-fetch-site")
        || headers.contains_key(header::REFERER);
    let says_so = headers
        .get(REQUESTED_WITH)
        .is_some_and(|value| value == "wasmill");
    if from_browser && !says_so {
        return Err(refused(
            "a browser that changes something must send `X-Requested-With: wasmill`".to_owned(),
        ));
    }
    Ok(())
}

/// A form or script of another site can send plain types without being asked first.
pub(super) fn check_content_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else {
        let empty = headers
            .get(header::CONTENT_LENGTH)
            .is_none_or(|length| length == "0");
        let streamed = headers.contains_key(header::TRANSFER_ENCODING);
        if empty && !streamed {
            return Ok(());
        }
        let reason = "a body needs a Content-Type";
        return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, reason));
    };
    let kind = kind.to_str().unwrap_or_default().to_ascii_lowercase();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if CONTENT_TYPES.contains(&kind) {
        Ok(())
    } else {
        let reason = format!(
            "content type \"{}\": send {}",
            kind.escape_default(),
            CONTENT_TYPES.join(", ")
        );
        Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, reason))
    }
}

#[cfg(test)]
mod tests;
