//! Both ends of a connection, without waiting for time to pass.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use crossbeam::channel::{Receiver, bounded};
use dataflow::element::{Batch, NO_TIMESTAMP};
use dataflow::ids::CheckpointId;
use dataflow::port::sink::{Sink, SinkContext};
use dataflow::port::source::{Polled, Source, SourceContext, SourceReader, SourceSplit, Wake};
use serde_json::json;

use super::{SocketSink, SocketSource};

fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

fn source(port: u16) -> SocketSource {
    SocketSource::try_new(json!({"host": "127.0.0.1", "port": port})).unwrap()
}

/// A reader and what its waker sends.
fn open(source: &SocketSource, splits: Vec<SourceSplit>) -> (Box<dyn SourceReader>, Receiver<()>) {
    let (sender, woken) = bounded(1);
    let wake: Wake = Arc::new(move || {
        sender.try_send(()).ok();
    });
    let context = SourceContext::alone(wake);
    (source.reader(splits, context).unwrap(), woken)
}

/// Reads until `lines` lines have come or the source ends.
fn read(reader: &mut dyn SourceReader, woken: &Receiver<()>, lines: usize) -> (Vec<String>, bool) {
    let mut values = Vec::new();
    while values.len() < lines {
        match reader.poll().unwrap() {
            Polled::Records(batch, _) => {
                for value in batch.values.entries(batch.len()) {
                    values.push(String::from_utf8(value.to_vec()).unwrap());
                }
            }
            Polled::Pending(wait) => {
                assert_eq!(wait, None);
                woken.recv().unwrap();
            }
            Polled::SplitEnded(_) => {}
            Polled::End => return (values, true),
        }
    }
    (values, false)
}

#[test]
fn lines_arrive_and_a_closed_connection_is_the_end() {
    let (listener, port) = listener();
    let source = source(port);
    let (mut reader, woken) = open(&source, source.splits(4).unwrap());
    let (mut peer, _) = listener.accept().unwrap();
    peer.write_all(b"one\r\ntwo\nthr").unwrap();
    assert_eq!(read(&mut *reader, &woken, 2).0, ["one", "two"]);
    peer.write_all(b"ee").unwrap();
    drop(peer);
    let (lines, ended) = read(&mut *reader, &woken, 100);
    assert_eq!((lines, ended), (vec!["three".to_owned()], true));
    // What has ended does not connect again.
    let (mut again, woken) = open(&source, reader.snapshot());
    assert_eq!(read(&mut *again, &woken, 1), (Vec::new(), true));
}

#[test]
fn slow_job_holds_the_peer_back_and_loses_nothing() {
    let (listener, port) = listener();
    let source = source(port);
    let (mut reader, woken) = open(&source, source.splits(1).unwrap());
    let (mut peer, _) = listener.accept().unwrap();
    let lines = 300_000;
    let feeder = std::thread::Builder::new()
        .spawn(move || {
            let text: String = (0..lines).map(|i| format!("line number {i}\n")).collect();
            peer.write_all(text.as_bytes()).unwrap();
        })
        .unwrap();
    let (got, ended) = read(&mut *reader, &woken, usize::MAX);
    feeder.join().unwrap();
    assert!(ended);
    assert_eq!(got.len(), lines);
    assert_eq!(got[lines - 1], format!("line number {}", lines - 1));
}

#[test]
fn dropping_the_reader_ends_its_thread_and_the_connection() {
    let (listener, port) = listener();
    let source = source(port);
    let (reader, _woken) = open(&source, source.splits(1).unwrap());
    let (mut peer, _) = listener.accept().unwrap();
    drop(reader);
    let mut rest = Vec::new();
    // Ends at once, with or without an error, since nobody holds the other end any more.
    peer.read_to_end(&mut rest).ok();
    assert!(rest.is_empty());
}

#[test]
fn refused_connection_is_an_error_that_names_the_address() {
    let (listener, port) = listener();
    drop(listener);
    let source = source(port);
    let (mut reader, woken) = open(&source, source.splits(1).unwrap());
    let error = loop {
        match reader.poll() {
            Ok(Polled::Pending(_)) => woken.recv().unwrap(),
            Ok(other) => panic!("{other:?}"),
            Err(error) => break error.to_string(),
        }
    };
    let expected = format!("connector socket: connect to 127.0.0.1:{port}");
    assert!(error.contains(&expected), "{error}");
}

#[test]
fn sink_sends_lines_at_the_latest_with_the_barrier() {
    let (listener, port) = listener();
    let sink = SocketSink::try_new(json!({"host": "127.0.0.1", "port": port})).unwrap();
    sink.accepts("\"string\"").unwrap();
    let context = SinkContext {
        subtask: 0,
        parallelism: 1,
        run: "r".to_owned(),
        segments: Default::default(),
    };
    let mut writer = sink.writer(context, Vec::new()).unwrap();
    let (peer, _): (TcpStream, _) = listener.accept().unwrap();
    let mut batch = Batch::default();
    batch.push(NO_TIMESTAMP, &[], b"one");
    batch.push(NO_TIMESTAMP, &[], b"two");
    writer.write(&batch).unwrap();
    assert!(writer.pre_commit(CheckpointId(1)).unwrap().is_empty());
    let mut lines = BufReader::new(peer).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "one");
    assert_eq!(lines.next().unwrap().unwrap(), "two");
    drop(writer);
    assert!(lines.next().is_none());
}
