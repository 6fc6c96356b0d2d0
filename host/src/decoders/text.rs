//! Readers of documents: JSON, YAML, lines, settings.

use std::path::Path;
use std::sync::Arc;

use connectors::schema::Schema;
use dataflow::graph::execution::ExecutionGraph;
use dataflow::graph::validate::validate;
use dataflow::port::blob::BlobStore;

use super::binary::OneFile;
use crate::job_file::read::of_text;
use crate::job_graph::of_plan;
use crate::storage::location::Location;
use crate::storage::metadata::Metadata;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A schema, then lines of a file.
pub(super) fn lines(bytes: &[u8]) {
    let (schema, lines) = super::binary::first_line(bytes);
    if let Ok(schema) = Schema::parse(&text(schema)) {
        connectors::decoders::lines(&schema, lines);
    }
}

/// What a guest answers, up to the tasks that would be deployed.
pub(super) fn plan(bytes: &[u8]) {
    let Ok(plan) = wasm::decoders::plan(&text(bytes)) else {
        return;
    };
    let Ok(graph) = of_plan(&plan) else { return };
    for parallelism in [1, 3] {
        if validate(&graph, parallelism).is_ok() {
            ExecutionGraph::of(&graph, parallelism);
        }
    }
}

pub(super) fn manifest(bytes: &[u8]) {
    let _ = wasm::decoders::manifest(&text(bytes));
}

/// The metadata of a checkpoint, and all that is wrapped up in it.
pub(super) fn metadata(bytes: &[u8]) {
    let Ok(metadata) = serde_json::from_slice::<Metadata>(bytes) else {
        return;
    };
    for task in metadata.vertices.iter().flat_map(|chain| &chain.tasks) {
        let _ = task.source_splits();
        let _ = task.state.as_ref().map(|state| state.handle());
        let _ = task.operator_state.as_ref().map(|file| file.blob());
        for sink in &task.sinks {
            let store: Arc<dyn BlobStore> = Arc::new(OneFile(Vec::new()));
            let _ = (sink.transactions(&store), sink.writer_state());
        }
    }
}

pub(super) fn current(bytes: &[u8]) {
    crate::storage::current::can_be_read(bytes);
}

pub(super) fn job_file(bytes: &[u8]) {
    let _ = of_text("fuzz.yaml", Path::new(""), &text(bytes), &[]);
}

/// Lines `key=value`, as on the command line and in requests; the last line is the name of a place.
pub(super) fn settings(bytes: &[u8]) {
    let text = text(bytes);
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    let pairs: Vec<_> = pairs
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    let _ = crate::config::load(None, &pairs);
    let _ = text.lines().last().map(Location::parse);
}
