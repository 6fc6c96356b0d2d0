//! The server: one listening socket, TLS if configured, and what every request goes through.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::http::{HeaderValue, header};
use axum::middleware::from_fn_with_state;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;

use super::security::{self, Guard};
use super::{Api, routes};
use crate::config::cluster::ClusterConfig;

/// The console loads nothing from elsewhere and is framed by nobody.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A server that listens.
pub(crate) struct Server {
    listener: TcpListener,
    /// Its address.
    pub(crate) address: SocketAddr,
    guard: Guard,
    tls: Option<RustlsConfig>,
    /// Stops it.
    pub(crate) handle: Handle<SocketAddr>,
}

impl Server {
    /// Takes the port.
    ///
    /// # Errors
    /// Somebody has it, the address is not of this machine, or it is public and not protected.
    pub(crate) async fn bind(config: &ClusterConfig) -> Result<Self> {
        let address = SocketAddr::from((config.address, config.port));
        let listener = TcpListener::bind(address).with_context(|| {
            format!("listen on {address}: choose another with --listen or rest.port")
        })?;
        listener.set_nonblocking(true).context("listen")?;
        let address = listener.local_addr().context("listen")?;
        let tls = match &config.tls {
            None => None,
            Some((certificate, key)) => {
                // Fails only if somebody was faster, and then there is one.
                let _ = rustls::crypto::ring::default_provider().install_default();
                let tls = RustlsConfig::from_pem_file(certificate, key).await;
                Some(tls.with_context(|| {
                    format!("TLS with {} and {}", certificate.display(), key.display())
                })?)
            }
        };
        Ok(Self {
            guard: Guard::new(config, address)?,
            listener,
            address,
            tls,
            handle: Handle::new(),
        })
    }

    /// Where clients find it.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Answers requests until it is stopped.
    ///
    /// # Errors
    /// The socket gives way.
    pub(crate) async fn serve(self, api: Api) -> Result<()> {
        let header = |name, value| {
            SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
        };
        let service = routes::routes(api)
            .layer(from_fn_with_state(Arc::new(self.guard), security::pass))
            .layer(CatchPanicLayer::new())
            .layer(CompressionLayer::new())
            .layer(header(
                header::CONTENT_SECURITY_POLICY,
                CONTENT_SECURITY_POLICY,
            ))
            .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .layer(header(header::REFERRER_POLICY, "no-referrer"))
            .layer(header(header::CACHE_CONTROL, "no-store"))
            .into_make_service_with_connect_info::<SocketAddr>();
        let served = match self.tls {
            None => {
                let server = axum_server::from_tcp(self.listener).context("listen")?;
                server.handle(self.handle).serve(service).await
            }
            Some(tls) => {
                let server = axum_server::from_tcp_rustls(self.listener, tls).context("listen")?;
                server.handle(self.handle).serve(service).await
            }
        };
        served.context("serve")
    }
}
