//! Figures and checkpoints reach an OpenTelemetry collector; one that is not there harms nobody.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::metrics::v1::{metric::Data, number_data_point};
use prost::Message;
use serde_json::json;
use tempfile::tempdir;

use crate::support::cluster::{Cluster, endless};

/// How long a report may take to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A report: its path and body.
type Report = (String, Vec<u8>);

/// Takes one request of a connection after the other.
fn serve(connection: TcpStream, reports: &Sender<Report>) -> Option<()> {
    let mut answers = connection.try_clone().ok()?;
    let mut requests = BufReader::new(connection);
    loop {
        let mut line = String::new();
        requests
            .read_line(&mut line)
            .ok()
            .filter(|read| *read > 0)?;
        let path = line.split(' ').nth(1)?.to_owned();
        let mut length = 0;
        loop {
            let mut header = String::new();
            requests.read_line(&mut header).ok()?;
            if header.trim().is_empty() {
                break;
            }
            let (name, value) = header.split_once(':')?;
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        requests.read_exact(&mut body).ok()?;
        answers
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            .ok()?;
        reports.send((path, body)).ok()?;
    }
}

/// A collector that keeps what it gets.
fn collector() -> (String, Receiver<Report>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let (sender, reports) = channel();
    let thread = std::thread::Builder::new().name("collector".to_owned());
    // A reporter keeps one connection for figures and one for spans.
    let serving = thread.spawn(move || {
        std::thread::scope(|scope| {
            for connection in listener.incoming().flatten() {
                let sender = &sender;
                scope.spawn(move || serve(connection, sender));
            }
        });
    });
    serving.expect("a thread");
    (address, reports)
}

/// An attribute as text.
fn attribute(attributes: &[KeyValue], key: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.key == key);
    let value = found.and_then(|attribute| attribute.value.clone()?.value);
    match value {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("{key}: {other:?}"),
    }
}

/// The sum over all subtasks that a report has of a metric of a job.
fn sum(report: &[u8], metric: &str, job: &str) -> f64 {
    let request = ExportMetricsServiceRequest::decode(report).expect("a report of metrics");
    let of_resource = &request.resource_metrics[0];
    let resource = of_resource.resource.as_ref().expect("a resource");
    assert_eq!(attribute(&resource.attributes, "service.name"), "wasmill");
    let metrics = &of_resource.scope_metrics[0].metrics;
    let Some(metric) = metrics.iter().find(|it| it.name == metric) else {
        return 0.0;
    };
    let Some(Data::Gauge(gauge)) = &metric.data else {
        panic!("{metric:?}");
    };
    let of_job = gauge.data_points.iter().filter(|point| {
        assert!(point.time_unix_nano >= point.start_time_unix_nano);
        attribute(&point.attributes, "job_id") == job
    });
    of_job
        .map(|point| match point.value {
            Some(number_data_point::Value::AsDouble(value)) => value,
            other => panic!("{other:?}"),
        })
        .sum()
}

#[test]
fn figures_and_checkpoints_reach_an_opentelemetry_collector() {
    let (address, reports) = collector();
    let dir = tempdir().expect("a directory");
    let cluster = Cluster::start_as(dir.path(), |run| {
        run.set("metrics.reporter.otel.exporter.endpoint", &address)
            .set("metrics.reporter.otel.interval", "100ms")
            .set("traces.reporter.otel.exporter.endpoint", &address)
    });
    let bench = cluster.upload("bench");
    let job = cluster.run(&bench, &endless(2));
    let mut records = Vec::new();
    let mut checkpoints: Vec<u64> = Vec::new();
    while records.len() < 2 || checkpoints.len() < 3 {
        let (path, body) = reports.recv_timeout(PATIENCE).expect("a report");
        if path == "/v1/metrics" {
            let read = sum(&body, "wasmill.taskmanager.job.task.numRecordsIn", &job);
            if read > records.last().copied().unwrap_or(0.0) {
                records.push(read);
            }
            continue;
        }
        assert_eq!(path, "/v1/traces");
        let request = ExportTraceServiceRequest::decode(&*body).expect("a report of spans");
        for span in &request.resource_spans[0].scope_spans[0].spans {
            assert_eq!(span.name, "Checkpoint");
            assert_eq!((span.trace_id.len(), span.span_id.len()), (16, 8));
            assert!(span.end_time_unix_nano >= span.start_time_unix_nano);
            assert_eq!(attribute(&span.attributes, "jobId"), job);
            assert_eq!(attribute(&span.attributes, "checkpointStatus"), "COMPLETED");
            let number = attribute(&span.attributes, "checkpointId");
            checkpoints.push(number.parse().expect("a number"));
        }
    }
    let mut once = checkpoints.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once, checkpoints, "each once, in their order");
}

#[test]
fn a_collector_that_does_not_answer_harms_nobody() {
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", nobody.local_addr().expect("an address"));
    drop(nobody);
    let dir = tempdir().expect("a directory");
    let mut cluster = Cluster::start_as(dir.path(), |run| {
        run.set("metrics.reporter.otel.exporter.endpoint", &address)
            .set("metrics.reporter.otel.interval", "10ms")
    });
    let lost =
        |running: &crate::support::run::Running| running.errors().contains("a report is lost");
    assert!(cluster.process.reaches("a lost report", lost));
    let bench = cluster.upload("bench");
    let job = cluster.run(&bench, &json!({ "parameters": { "job": "J2", "n": 5000 } }));
    cluster.reaches(&job, "FINISHED");
}
