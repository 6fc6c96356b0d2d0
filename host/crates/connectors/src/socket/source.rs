//! The `socket` source: one record per line that the peer sends, until it closes the connection.
//!
//! Not replayable: lines between the last checkpoint and a failure are lost. Its position tells only whether it ended.

use std::io::ErrorKind;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use crossbeam::channel::{Receiver, Sender, TryRecvError, bounded};
use dataflow::element::Batch;
use dataflow::ids::SplitId;
use dataflow::limits::RECORD_BYTES_MAX;
use dataflow::port::sink::ConnectorError;
use dataflow::port::source::{Polled, Source, SourceContext, SourceReader, SourceSplit, Wake};
use serde_json::Value;

use crate::config;
use crate::lines::{LineBuffer, LineTooLong};
use crate::saved;
use crate::socket::{Address, Hangup, NAME};

/// Batches that may wait for the task before the thread stops reading.
const QUEUE_BATCHES: usize = 16;

/// Lines from a listener.
pub struct SocketSource {
    address: Address,
}

impl SocketSource {
    /// `host` and `port` of the listener. It is connected to when a reader is opened.
    ///
    /// # Errors
    /// Wrong keys.
    pub fn try_new(keys: Value) -> Result<Self, ConnectorError> {
        Ok(Self {
            address: config::parse(NAME, keys)?,
        })
    }
}

fn save(id: SplitId, ended: bool) -> SourceSplit {
    let state = saved::Writer::new().u8(u8::from(ended)).finish();
    SourceSplit { id, state }
}

impl Source for SocketSource {
    fn schema(&self) -> String {
        "\"string\"".to_owned()
    }

    fn splits(&self, _parallelism: u32) -> Result<Vec<SourceSplit>, ConnectorError> {
        Ok(vec![save(SplitId(0), false)])
    }

    fn reader(
        &self,
        splits: Vec<SourceSplit>,
        context: SourceContext,
    ) -> Result<Box<dyn SourceReader>, ConnectorError> {
        let mut connections = Vec::with_capacity(splits.len());
        for split in splits {
            let mut state = saved::Reader::new(NAME, &split.state)?;
            let ended = state.u8()? != 0;
            state.end()?;
            let feed = if ended {
                None
            } else {
                Some(Feed::start(
                    self.address.clone(),
                    Arc::clone(&context.wake),
                )?)
            };
            connections.push(Connection {
                id: split.id,
                feed,
                announced: false,
            });
        }
        Ok(Box::new(SocketReader {
            address: self.address.clone(),
            connections,
        }))
    }
}

/// What the thread tells the task.
type Message = Result<Batch, ConnectorError>;

/// A thread that reads a connection.
struct Feed {
    batches: Option<Receiver<Message>>,
    hangup: Hangup,
    thread: Option<JoinHandle<()>>,
}

impl Feed {
    fn start(address: Address, wake: Wake) -> Result<Self, ConnectorError> {
        let (sender, batches) = bounded(QUEUE_BATCHES);
        let hangup = Hangup::default();
        let failed = address.clone();
        let thread = Builder::new().name("socket source".to_owned());
        let thread = {
            let hangup = hangup.clone();
            thread.spawn(move || {
                if let Err(error) = receive(&address, &hangup, &sender, &wake) {
                    // A closed queue means that nobody wants to know.
                    sender.send(Err(error)).ok();
                }
                drop(sender);
                wake();
            })
        };
        Ok(Self {
            batches: Some(batches),
            hangup,
            thread: Some(thread.map_err(|error| failed.failed("start a thread for", &error))?),
        })
    }
}

impl Drop for Feed {
    /// Ends the thread; while it is still connecting this takes as long as the connection may take to be made.
    fn drop(&mut self) {
        self.batches = None;
        self.hangup.hang_up();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was reported by the end of its queue.
            thread.join().ok();
        }
    }
}

/// Reads lines until the peer closes, the task hangs up or something fails.
fn receive(
    address: &Address,
    hangup: &Hangup,
    sender: &Sender<Message>,
    wake: &Wake,
) -> Result<(), ConnectorError> {
    let mut stream = address.connect()?;
    let clone = stream
        .try_clone()
        .map_err(|error| address.failed("read from", &error))?;
    if !hangup.connected(clone) {
        return Ok(());
    }
    let mut buffer = LineBuffer::new();
    let mut at_end = false;
    while !at_end {
        let read = buffer.fill(&mut stream);
        at_end = read.map_err(|error| address.failed("read from", &error))? == 0;
        while let Some((batch, _)) = buffer.take(u64::MAX, at_end).map_err(|LineTooLong| {
            let reason = format!("a line is longer than {RECORD_BYTES_MAX} bytes");
            address.failed(
                "read from",
                &std::io::Error::new(ErrorKind::InvalidData, reason),
            )
        })? {
            if sender.send(Ok(batch)).is_err() {
                return Ok(());
            }
            wake();
        }
    }
    if buffer.replaced_lines > 0 {
        tracing::warn!(
            peer = %format_args!("{}:{}", address.host, address.port),
            lines = buffer.replaced_lines,
            "replaced bytes that are not valid UTF-8"
        );
    }
    Ok(())
}

struct Connection {
    id: SplitId,
    /// `None` once the peer has closed.
    feed: Option<Feed>,
    announced: bool,
}

struct SocketReader {
    address: Address,
    connections: Vec<Connection>,
}

impl SourceReader for SocketReader {
    fn poll(&mut self) -> Result<Polled, ConnectorError> {
        let mut waits = false;
        for connection in &mut self.connections {
            if let Some(feed) = &mut connection.feed {
                let received = match &feed.batches {
                    Some(batches) => batches.try_recv(),
                    None => Err(TryRecvError::Disconnected),
                };
                match received {
                    Ok(message) => return Ok(Polled::Records(message?, connection.id)),
                    Err(TryRecvError::Empty) => {
                        waits = true;
                        continue;
                    }
                    Err(TryRecvError::Disconnected) => {
                        let panicked = feed.thread.take().is_some_and(|t| t.join().is_err());
                        if panicked {
                            let reason = std::io::Error::other("the reading thread panicked");
                            return Err(self.address.failed("read from", &reason));
                        }
                        connection.feed = None;
                    }
                }
            }
            if !connection.announced {
                connection.announced = true;
                return Ok(Polled::SplitEnded(connection.id));
            }
        }
        Ok(if waits {
            Polled::Pending(None)
        } else {
            Polled::End
        })
    }

    fn snapshot(&mut self) -> Vec<SourceSplit> {
        self.connections
            .iter()
            .map(|connection| save(connection.id, connection.feed.is_none()))
            .collect()
    }
}
