//! Readers of bytes: columns, rows, states, components.

use std::path::Path;
use std::sync::Arc;

use connectors::record_hash::HashPlan;
use connectors::row;
use connectors::schema::Schema;
use dataflow::checkpoint::in_flight::InFlight;
use dataflow::clock::{Clock, SystemClock};
use dataflow::element::{Batch, Column};
use dataflow::ids::{SplitId, StateNumber};
use dataflow::key_group::KeyGroupRange;
use dataflow::limits::BATCH_RECORDS_MAX;
use dataflow::port::blob::{BlobError, BlobRef, BlobStore};
use dataflow::port::operator_state::{OperatorStateKind, OperatorStateSpec, OperatorStates};
use dataflow::port::redistribution::SavedPart;
use dataflow::port::segment::SegmentStore;
use dataflow::port::sink::SinkContext;
use dataflow::port::source::{SourceContext, SourceSplit};
use dataflow::port::state::{
    BackendSpec, SnapshotHandle, StateBackendFactory, StateKind, StateSpec,
};
use dataflow::time::timer::{TimeDomain, parse_timer_sub_key};
use serde_json::json;

/// The first line and the rest.
pub(super) fn first_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let end = end.unwrap_or(bytes.len());
    (&bytes[..end], bytes.get(end + 1..).unwrap_or_default())
}

fn take<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
    let Some((piece, rest)) = bytes.split_first_chunk::<N>() else {
        *bytes = &[];
        return [0; N];
    };
    *bytes = rest;
    *piece
}

fn column(bytes: &mut &[u8]) -> Column {
    let [ends, data] = take::<2>(bytes);
    let ends = (0..ends).map(|_| u32::from(u16::from_le_bytes(take(bytes))));
    let ends = ends.collect();
    let (data, rest) = bytes.split_at(usize::from(data).min(bytes.len()));
    *bytes = rest;
    Column {
        ends,
        data: data.to_vec(),
    }
}

/// A batch as a guest hands it over; one that is valid is read, cut and put together.
pub(super) fn batch(mut bytes: &[u8]) {
    let [stamps] = take::<1>(&mut bytes);
    let timestamps = (0..stamps).map(|_| i64::from_le_bytes(take(&mut bytes)));
    let timestamps = timestamps.collect();
    let [count] = take::<1>(&mut bytes);
    let mut batch = Batch {
        count: u32::from(count),
        timestamps,
        keys: column(&mut bytes),
        values: column(&mut bytes),
    };
    if batch.validate(BATCH_RECORDS_MAX).is_err() {
        return;
    }
    let records = |batch: &Batch| -> Vec<(i64, Vec<u8>, Vec<u8>)> {
        let record = |at| {
            (
                batch.timestamp(at),
                batch.key(at).to_vec(),
                batch.value(at).to_vec(),
            )
        };
        (0..batch.len()).map(record).collect()
    };
    let before = records(&batch);
    let rest = batch.split_off(batch.len() / 2);
    batch.append(&rest);
    assert_eq!(before, records(&batch), "cut and put together");
}

/// A schema, then a row of it.
pub(super) fn row(bytes: &[u8]) {
    let (schema, row) = first_line(bytes);
    let Ok(schema) = Schema::parse(&String::from_utf8_lossy(schema)) else {
        return;
    };
    let _ = HashPlan::of(&schema).hash(row);
    let _ = row::slot_bytes(row, 8);
    let mut json = Vec::new();
    if row::append_json(&schema, row, &mut json).is_err() {
        return;
    }
    let mut again = Vec::new();
    if let Ok(json) = serde_json::from_slice(&json) {
        let _ = row::encode(&schema, &json, &mut again);
    }
}

/// The position of a source or the state of a writer; the first byte says whose.
pub(super) fn connector_state(bytes: &[u8]) {
    let Some((whose, state)) = bytes.split_first() else {
        return;
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let source = |config| {
        let source = connectors::source(&config, Arc::clone(&clock)).expect("a source");
        let split = SourceSplit {
            id: SplitId(0),
            state: state.to_vec(),
        };
        let reader = source.reader(vec![split], SourceContext::alone(Arc::new(|| {})));
        if let Ok(mut reader) = reader {
            let _ = reader.poll();
            let _ = reader.snapshot();
        }
    };
    let sink = |config| {
        let sink = connectors::sink(&config, Arc::clone(&clock)).expect("a sink");
        sink.accepts(r#"{"type":"record","name":"r","fields":[{"name":"t","type":"long"}]}"#)
            .expect("it takes records");
        let context = SinkContext {
            subtask: 0,
            parallelism: 1,
            run: "fuzz".to_owned(),
            segments: SegmentStore::default(),
        };
        if let Ok(mut writer) = sink.writer(context, vec![state.to_vec()]) {
            let _ = (writer.report(), writer.snapshot());
        }
    };
    match whose % 6 {
        0 => source(json!({ "type": "generator", "data": "bids", "events": 100 })),
        1 => source(json!({ "type": "collection", "schema": "long", "values": [1, 2, 3] })),
        2 => source(
            json!({ "type": "text-files", "path": concat!(env!("CARGO_MANIFEST_DIR"), "/src/lib.rs") }),
        ),
        3 => sink(json!({ "type": "checksum" })),
        4 => sink(json!({ "type": "latency", "field": "t" })),
        _ => sink(json!({ "type": "collect" })),
    }
}

/// The operator state of a task, and what two subtasks inherit of it.
pub(super) fn operator_state(bytes: &[u8]) {
    let kinds = [
        OperatorStateKind::ListSplit,
        OperatorStateKind::ListUnion,
        OperatorStateKind::Broadcast,
    ];
    let specs: Vec<_> = (0..)
        .zip(kinds)
        .map(|(number, kind)| OperatorStateSpec {
            number: StateNumber(number),
            name: format!("it/{number}"),
            kind,
        })
        .collect();
    let parts = [SavedPart::going_on(bytes.to_vec())];
    for subtask in 0..2 {
        let _ = OperatorStates::restore(specs.clone(), &parts, subtask, 2)
            .map(|states| states.encode());
    }
}

/// What was in flight of a task. Equal values have equal bytes, so what was read is written as it was.
pub(super) fn in_flight(bytes: &[u8]) {
    if let Ok(in_flight) = InFlight::decode(bytes) {
        assert_eq!(in_flight.encode(), bytes, "nothing is lost");
        let _ = in_flight.fits(2, &[2]);
    }
}

/// One file, whatever its name.
pub(super) struct OneFile(pub(super) Vec<u8>);

impl BlobStore for OneFile {
    fn put(&self, _role: &str, _data: Vec<u8>) -> Result<BlobRef, BlobError> {
        Err(BlobError::Missing("fuzz".to_owned()))
    }

    fn put_file(&self, _role: &str, _path: &Path) -> Result<BlobRef, BlobError> {
        Err(BlobError::Missing("fuzz".to_owned()))
    }

    fn get(&self, _blob: &BlobRef) -> Result<Vec<u8>, BlobError> {
        Ok(self.0.clone())
    }

    fn get_file(&self, _blob: &BlobRef, _path: &Path) -> Result<(), BlobError> {
        Err(BlobError::Missing("fuzz".to_owned()))
    }
}

/// The states of the jobs whose checkpoints are the seeds.
const STATES: [(&str, StateKind); 4] = [
    ("aggregate-3/window", StateKind::Value),
    ("co-process-6/person", StateKind::Value),
    ("co-process-6/auctions", StateKind::List),
    ("it/map", StateKind::Map),
];

/// A snapshot file whose checks are right, restored; then all of it is looked at.
pub(super) fn heap_snapshot(bytes: &[u8]) {
    let key_groups = KeyGroupRange { start: 0, end: 128 };
    let spec = BackendSpec {
        states: (0..)
            .zip(STATES)
            .map(|(number, (name, kind))| StateSpec {
                number: StateNumber(number),
                name: name.to_owned(),
                kind,
            })
            .collect(),
        key_groups,
        max_parallelism: 128,
        local_dir: std::env::temp_dir(),
        managed_memory_bytes: 1 << 20,
    };
    let file = BlobRef {
        name: "fuzz".to_owned(),
        role: "fuzz".to_owned(),
        size_bytes: bytes.len() as u64,
        hash: [0; 32],
    };
    let snapshot = SnapshotHandle {
        format: "heap".to_owned(),
        key_groups: Some(key_groups),
        files: vec![file],
    };
    let store = Arc::new(OneFile(state::decoders::with_checks(bytes)));
    let Ok(mut backend) = state::HeapBackendFactory::new().open(spec, &[snapshot], store) else {
        return;
    };
    for number in 0..STATES.len() {
        let _ = backend.visit(StateNumber(number as u32), &mut |_, sub_key, _| {
            let _ = parse_timer_sub_key(sub_key);
        });
    }
    for domain in [TimeDomain::Event, TimeDomain::Processing] {
        let _ = backend.take_timers(domain, &mut |_, _, _| {});
    }
    let _ = backend.usage();
}

/// A file that was uploaded.
pub(super) fn component(bytes: &[u8]) {
    let _ = wasm::decoders::component(bytes);
}
