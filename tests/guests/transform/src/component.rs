//! The component of this crate: the SDK's exports, but for plans that are changed on their way to the host, and calls
//! that an operator must not make.

use wasmill_sdk::guest::bindings;
use wasmill_sdk::guest::bindings::exports::wasmill::dataflow as exported;
use wasmill_sdk::guest::bindings::wasmill::dataflow::{output, timers};
use wasmill_sdk::{guest, json};

use super::{transform, wrong};

const NAME: &str = env!("CARGO_PKG_NAME");

struct Component;

impl exported::manifest::Guest for Component {
    fn describe() -> String {
        wasmill_sdk::component::describe(NAME, &transform)
    }
}

impl exported::plan::Guest for Component {
    fn plan(arguments: Vec<(String, String)>) -> Result<String, String> {
        let plan = guest::plan(NAME, &transform, &arguments)?;
        let case = arguments.iter().find(|(name, _)| name == "case");
        let Some((_, case)) = case.filter(|(_, case)| case.starts_with("bad-plan-")) else {
            return Ok(plan);
        };
        let mut plan: json::Value = json::from_str(&plan).map_err(|error| error.to_string())?;
        wrong::change(case, &mut plan);
        Ok(plan.to_string())
    }
}

impl exported::operator::Guest for Component {
    fn open(spec: exported::operator::TaskSpec) -> Result<(), bindings::Failure> {
        guest::open(&transform, spec)
    }

    fn process(
        now: bindings::Moment,
        input: u32,
        records: bindings::Batch,
    ) -> Result<u32, bindings::Failure> {
        guest::process(now, input, records)
    }

    fn on_timers(
        now: bindings::Moment,
        domain: bindings::TimeDomain,
        timers: bindings::TimerBatch,
    ) -> Result<u32, bindings::Failure> {
        guest::on_timers(now, domain, timers)
    }

    fn on_watermark(
        now: bindings::Moment,
        operator: u32,
        watermark: i64,
    ) -> Result<(), bindings::Failure> {
        guest::on_watermark(now, operator, watermark)
    }

    fn finish(now: bindings::Moment) -> Result<(), bindings::Failure> {
        guest::finish(now)
    }
}

impl exported::source::Guest for Component {
    fn splits(_operator: u32, parallelism: u32) -> Result<Vec<Vec<u8>>, bindings::Failure> {
        guest::source_splits(parallelism)
    }

    fn poll(
        now: bindings::Moment,
        _operator: u32,
        split: u32,
        position: Vec<u8>,
        max_records: u32,
    ) -> Result<exported::source::Polled, bindings::Failure> {
        guest::source_poll(now, split, &position, max_records)
    }

    fn close(_operator: u32) -> Result<(), bindings::Failure> {
        guest::source_close()
    }
}

impl exported::sink::Guest for Component {
    fn begin(
        now: bindings::Moment,
        _operator: u32,
        name: String,
    ) -> Result<Vec<u8>, bindings::Failure> {
        guest::sink_begin(now, &name)
    }

    fn write(
        now: bindings::Moment,
        _operator: u32,
        transaction: Vec<u8>,
        records: bindings::Batch,
    ) -> Result<Vec<u8>, bindings::Failure> {
        guest::sink_write(now, &transaction, records)
    }

    fn pre_commit(
        _operator: u32,
        transaction: Vec<u8>,
        checkpoint: u64,
    ) -> Result<Vec<u8>, bindings::Failure> {
        guest::sink_pre_commit(&transaction, checkpoint)
    }

    fn commit(_operator: u32, committables: Vec<Vec<u8>>) -> Result<(), bindings::Failure> {
        guest::sink_commit(&committables)
    }

    fn abort(_operator: u32, transaction: Vec<u8>) -> Result<(), bindings::Failure> {
        guest::sink_abort(&transaction)
    }

    fn recover(_operator: u32, committables: Vec<Vec<u8>>) -> Result<(), bindings::Failure> {
        guest::sink_recover(&committables)
    }

    fn close(_operator: u32) -> Result<(), bindings::Failure> {
        guest::sink_close()
    }
}

bindings::export!(Component with_types_in bindings);

fn column(data: Vec<u8>) -> bindings::BytesColumn {
    bindings::BytesColumn {
        ends: Vec::new(),
        data,
    }
}

/// Registers a timer for a key that the operator does not have.
pub(super) fn register_a_timer() {
    let timer = bindings::TimerBatch {
        count: 1,
        times: vec![0],
        keys: column(vec![1; 8]),
        namespaces: column(Vec::new()),
    };
    timers::register(bindings::TimeDomain::Event, &timer);
}

/// Emits at a port far beyond the last one.
pub(super) fn emit_nowhere() {
    let batch = bindings::Batch {
        count: 1,
        timestamps: Vec::new(),
        keys: column(Vec::new()),
        values: column(vec![0; 8]),
    };
    output::emit(99, &batch);
}
