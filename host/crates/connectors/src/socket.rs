//! Lines over TCP, as a client: a source that reads from a listener and a sink that writes to one.
//!
//! The source has one split, read by one thread into a bounded queue, and cannot be replayed: after a restore it reads
//! what comes next. The sink is at least once. Keeps: polling never blocks on the network; a slow job stops the thread,
//! and with it the peer; dropping the reader ends and joins the thread.

use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dataflow::port::sink::ConnectorError;
use serde::Deserialize;

pub use sink::SocketSink;
pub use source::SocketSource;

mod sink;
mod source;

const NAME: &str = "socket";

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Address {
    host: String,
    port: u16,
}

impl Address {
    fn connect(&self) -> Result<TcpStream, ConnectorError> {
        let addresses = (self.host.as_str(), self.port)
            .to_socket_addrs()
            .map_err(|error| self.failed("resolve", &error))?;
        let mut last = None;
        for address in addresses {
            match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
                Ok(stream) => return Ok(stream),
                Err(error) => last = Some(error),
            }
        }
        let error = last.unwrap_or_else(|| std::io::ErrorKind::NotFound.into());
        Err(self.failed("connect to", &error))
    }

    fn failed(&self, action: &'static str, reason: &std::io::Error) -> ConnectorError {
        ConnectorError::External {
            connector: NAME,
            action,
            target: format!("{}:{}", self.host, self.port),
            reason: reason.to_string(),
        }
    }
}

/// Ends a connection from another thread than the one that waits on it.
#[derive(Clone, Default)]
struct Hangup(Arc<Mutex<Line>>);

#[derive(Default)]
enum Line {
    /// Not connected yet.
    #[default]
    Waiting,
    /// Connected.
    Open(TcpStream),
    /// Ended, or never to be connected.
    HungUp,
}

impl Hangup {
    /// Remembers the connection; false if it is to be ended at once.
    fn connected(&self, stream: TcpStream) -> bool {
        let mut line = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*line, Line::HungUp) {
            return false;
        }
        *line = Line::Open(stream);
        true
    }

    fn hang_up(&self) {
        let mut line = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Line::Open(stream) = std::mem::replace(&mut *line, Line::HungUp) {
            // An error says that the peer was faster.
            stream.shutdown(Shutdown::Both).ok();
        }
    }
}

#[cfg(test)]
mod tests;
