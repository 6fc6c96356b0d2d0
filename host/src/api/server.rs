//! The server: one listening socket, TLS if configured, and what every request goes through.

use std::net::{SocketAddr, TcpListener};

use anyhow::{Context, Result};
use axum::http::{HeaderValue, header};
use axum_server::Handle;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;

use super::{Api, routes};

/// The console loads nothing from elsewhere and is framed by nobody.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A server that listens.
pub(crate) struct Server {
    listener: TcpListener,
    /// Its address.
    pub(crate) address: SocketAddr,
    /// Stops it.
    pub(crate) handle: Handle<SocketAddr>,
}

impl Server {
    /// Takes the port.
    ///
    /// # Errors
    /// Somebody has it, or the address is not of this machine.
    pub(crate) fn bind(address: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(address).with_context(|| {
            format!("listen on {address}: choose another with --listen or rest.port")
        })?;
        listener.set_nonblocking(true).context("listen")?;
        let address = listener.local_addr().context("listen")?;
        Ok(Self {
            listener,
            address,
            handle: Handle::new(),
        })
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
            .layer(CatchPanicLayer::new())
            .layer(CompressionLayer::new())
            .layer(header(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
            .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .layer(header(header::REFERRER_POLICY, "no-referrer"))
            .layer(header(header::CACHE_CONTROL, "no-store"))
            .into_make_service_with_connect_info::<SocketAddr>();
        let server = axum_server::from_tcp(self.listener).context("listen")?;
        server.handle(self.handle).serve(service).await.context("serve")
    }
}
