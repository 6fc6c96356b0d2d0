//! What a record costs at the doors: made by the generator, hashed by the checksum sink, read as a line of a file.
//!
//! Times are for a whole run of the given number of records or bytes; criterion shows the rate per element.

use std::hint::black_box;
use std::io::Write;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dataflow::clock::{Clock, SystemClock};
use dataflow::element::Batch;
use dataflow::port::sink::SinkContext;
use dataflow::port::source::{Polled, Source, SourceContext};
use serde_json::{Value, json};

const EVENTS: u64 = 1 << 20;

fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock::new())
}

fn source(config: &Value) -> Arc<dyn Source> {
    connectors::source(config, clock()).expect("the source can be made")
}

/// Reads everything, handing each batch to `each`.
fn drain(source: &dyn Source, mut each: impl FnMut(Batch)) {
    let splits = source.splits(1).expect("there are splits");
    let mut reader = source
        .reader(splits, SourceContext::alone(Arc::new(|| {})))
        .expect("a reader");
    loop {
        match reader.poll().expect("the source can be read") {
            Polled::Records(batch, _) => each(batch),
            Polled::End => return,
            Polled::SplitEnded(_) | Polled::Pending(_) => {}
        }
    }
}

fn generator(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("generator");
    group.throughput(Throughput::Elements(EVENTS));
    for data in ["bids", "pairs", "events", "latency"] {
        let config = json!({"type": "generator", "data": data, "events": EVENTS, "epm": 100});
        let source = source(&config);
        group.bench_function(data, |bencher| {
            bencher.iter(|| drain(&*source, |batch| drop(black_box(batch))));
        });
    }
    group.finish();
}

fn checksum(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("checksum");
    for data in ["bids", "pairs", "events"] {
        let config = json!({"type": "generator", "data": data, "events": EVENTS, "epm": 100});
        let source = source(&config);
        let mut batches = Vec::new();
        drain(&*source, |batch| batches.push(batch));
        // As in a job: a batch comes from the cache, not from memory.
        batches.truncate(8);
        let records: u64 = batches.iter().map(|batch| u64::from(batch.count)).sum();
        group.throughput(Throughput::Elements(records));
        let sink = connectors::sink(&json!({"type": "checksum"}), clock()).expect("a sink");
        sink.accepts(&source.schema()).expect("the schema fits");
        let context = SinkContext {
            subtask: 0,
            parallelism: 1,
            run: "bench".to_owned(),
            segments: Default::default(),
        };
        let mut writer = sink.writer(context, Vec::new()).expect("a writer");
        group.bench_function(data, |bencher| {
            bencher.iter(|| {
                for batch in &batches {
                    writer.write(batch).expect("records can be hashed");
                }
            });
        });
        black_box(writer.report());
    }
    group.finish();
}

fn text_files(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("lines.txt");
    let mut file = std::fs::File::create(&path).expect("a file");
    let mut bytes = Vec::new();
    for line in 0..1_000_000u64 {
        let words = (line % 13) as usize;
        writeln!(bytes, "line {line} {}", "some words ".repeat(words)).expect("memory");
    }
    file.write_all(&bytes).expect("the file can be written");
    let source = source(&json!({"type": "text-files", "path": path}));
    let mut group = criterion.benchmark_group("text-files");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("read", |bencher| {
        bencher.iter(|| drain(&*source, |batch| drop(black_box(batch))));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = generator, checksum, text_files
}
criterion_main!(benches);
