//! A component whose argument `behavior` tells it how to behave: well (`echo`, `count`, ..) or in one of the ways a
//! guest must not. Operator 0 is the only operator; its state `count` has the number the host gave it.

wit_bindgen::generate!({
    path: "../../../../../../wit",
    world: "wasmill:dataflow/job",
});

#[expect(
    dead_code,
    reason = "only the benchmark makes values of its own"
)]
mod encodings;
mod good;
mod malformed;
mod wicked;

use std::cell::RefCell;

use exports::wasmill::dataflow::{manifest, operator, plan};
use wasmill::dataflow::log;
use wasmill::dataflow::types::{Batch, BytesColumn, Failure, Moment, TimeDomain, TimerBatch};

/// What `open` told.
#[derive(Default)]
struct Task {
    behavior: String,
    state: u32,
}

thread_local! {
    static TASK: RefCell<Task> = RefCell::default();
}

fn behavior() -> String {
    TASK.with_borrow(|task| task.behavior.clone())
}

fn state() -> u32 {
    TASK.with_borrow(|task| task.state)
}

/// Entry `index` of a column of `count`.
fn entry(column: &BytesColumn, index: usize, count: usize) -> &[u8] {
    if column.ends.is_empty() {
        let width = column.data.len() / count;
        return &column.data[index * width..][..width];
    }
    let start = if index == 0 {
        0
    } else {
        column.ends[index - 1]
    };
    &column.data[start as usize..column.ends[index] as usize]
}

/// A column of entries of one width.
fn fixed(data: Vec<u8>) -> BytesColumn {
    BytesColumn {
        ends: Vec::new(),
        data,
    }
}

fn batch(count: u32, keys: BytesColumn, values: BytesColumn) -> Batch {
    Batch {
        count,
        timestamps: Vec::new(),
        keys,
        values,
    }
}

struct Guest;

impl manifest::Guest for Guest {
    fn describe() -> String {
        r#"{ "version": 1, "name": "behaviors", "operators": [],
             "parameters": [ { "name": "behavior", "type": "string", "default": "echo", "description": "how" } ],
             "sdk": { "language": "rust", "name": "none", "version": "0" } }"#
            .to_owned()
    }
}

impl plan::Guest for Guest {
    fn plan(arguments: Vec<(String, String)>) -> Result<String, String> {
        let behavior = arguments.iter().find(|(name, _)| name == "behavior");
        let Some((_, behavior)) = behavior else {
            return Err("parameter behavior is missing".to_owned());
        };
        match behavior.as_str() {
            "plan-panic" => panic!("no plan today"),
            "plan-loop" => loop {
                std::hint::black_box(0);
            },
            "plan-nonsense" => Ok(r#"{ "version": 1, "name": 7 }"#.to_owned()),
            _ => Ok(format!(
                r#"{{ "version": 1, "name": "{behavior}", "max_parallelism": 128, "edges": [],
                     "operators": [ {{ "id": 0, "uid": "it", "name": "it", "kind": "operator", "keyed": true,
                       "inputs": [ {{ "schema": "bytes" }} ], "outputs": [ {{ "name": "out", "schema": "bytes" }} ],
                       "states": [ {{ "name": "count", "kind": "value", "schema": "long" }} ] }} ] }}"#
            )),
        }
    }
}

impl operator::Guest for Guest {
    fn open(spec: operator::TaskSpec) -> Result<(), Failure> {
        std::panic::set_hook(Box::new(|panic| log::panicked(&panic.to_string())));
        let behavior = spec
            .arguments
            .into_iter()
            .find(|(name, _)| name == "behavior");
        let behavior = behavior.map(|(_, behavior)| behavior).unwrap_or_default();
        if behavior == "open-fails" {
            return Err(Failure::Operator("not today".to_owned()));
        }
        TASK.set(Task {
            behavior,
            state: spec.states.first().map_or(0, |state| state.number),
        });
        Ok(())
    }

    fn process(now: Moment, input: u32, records: Batch) -> Result<u32, Failure> {
        let behavior = behavior();
        if let Some(kind) = behavior.strip_prefix("malformed-") {
            malformed::emit(kind);
            return Ok(records.count);
        }
        if let Some(kind) = behavior.strip_prefix("wicked-") {
            return wicked::process(kind, records);
        }
        if let Some(name) = behavior.strip_prefix("rewrite-") {
            return good::rewrite(name, records);
        }
        good::process(&behavior, now, input, records)
    }

    fn on_timers(_: Moment, domain: TimeDomain, timers: TimerBatch) -> Result<u32, Failure> {
        good::on_timers(domain, timers)
    }

    fn on_watermark(_: Moment, operator: u32, watermark: i64) -> Result<(), Failure> {
        log::write(
            log::Level::Info,
            &format!("operator {operator} at {watermark}"),
        );
        Ok(())
    }

    fn finish(now: Moment) -> Result<(), Failure> {
        let key = fixed(b"end".to_vec());
        good::emit(&batch(1, key, fixed(now.watermark.to_le_bytes().to_vec())));
        Ok(())
    }
}

export!(Guest);
