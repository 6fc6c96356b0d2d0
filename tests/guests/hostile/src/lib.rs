//! A job whose operator does what no operator should, by the contract alone, without the SDK: the parameter `case` says
//! what, at its first record. `none` is a good operator. The graph is source -> keys -> it -> sink; `it` is keyed.
#![cfg(target_family = "wasm")]
#![expect(missing_docs, reason = "the generated bindings have none")]
#![expect(unsafe_code, reason = "the exports of a component")]

mod columns;
mod endless;
mod misuse;

use std::cell::RefCell;

wit_bindgen::generate!({
    path: "../../../wit",
    world: "wasmill:dataflow/job",
});

use exports::wasmill::dataflow::{manifest, operator, plan};
use wasmill::dataflow::types::{Batch, BytesColumn, Failure, Moment, TimeDomain, TimerBatch};
use wasmill::dataflow::{log, output};

/// Number of the operator that makes the keys.
const KEYS: u32 = 1;

thread_local! {
    static CASE: RefCell<String> = RefCell::default();
    static STATE: RefCell<u32> = RefCell::default();
    static HEAD: RefCell<u32> = RefCell::default();
    static CALLS: RefCell<i64> = RefCell::default();
    static ATTEMPT: RefCell<u32> = RefCell::default();
}

/// The number that the host gave the state.
fn state() -> u32 {
    STATE.with_borrow(|state| *state)
}

/// How many calls this instance has had: what no operator may tell.
fn calls() -> i64 {
    CALLS.with_borrow_mut(|calls| {
        *calls += 1;
        *calls
    })
}

/// The attempt it is told of, which no output may depend on.
fn attempt() -> i64 {
    ATTEMPT.with_borrow(|attempt| i64::from(*attempt))
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

fn document(case: &str, edges: &str) -> String {
    let case = case.replace('"', "'");
    format!(
        r#"{{ "version": 1, "name": "hostile {case}", "max_parallelism": 128, {edges}
         "operators": [
          {{ "id": 0, "uid": "numbers", "name": "numbers", "kind": "source",
             "connector": {{ "type": "collection", "schema": "long", "values": [1, 2, 3, 4, 5, 6, 7, 8] }},
             "outputs": [ {{ "name": "out", "schema": "long" }} ] }},
          {{ "id": 1, "uid": "keys", "name": "keys", "kind": "operator", "inputs": [ {{ "schema": "long" }} ],
             "outputs": [ {{ "name": "out", "schema": "long", "key_schema": "long" }} ] }},
          {{ "id": 2, "uid": "it", "name": "it", "kind": "operator", "keyed": true, "inputs": [ {{ "schema": "long" }} ],
             "outputs": [ {{ "name": "out", "schema": "long" }} ],
             "states": [ {{ "name": "count", "kind": "value", "schema": "long" }} ] }},
          {{ "id": 3, "uid": "out", "name": "out", "kind": "sink", "connector": {{ "type": "checksum" }},
             "inputs": [ {{ "schema": "long" }} ] }} ] }}"#
    )
}

const EDGES: &str = r#""edges": [
    { "from": 0, "output": 0, "to": 1, "input": 0, "partitioning": "forward" },
    { "from": 1, "output": 0, "to": 2, "input": 0, "partitioning": "hash" },
    { "from": 2, "output": 0, "to": 3, "input": 0, "partitioning": "forward" } ],"#;

impl manifest::Guest for Guest {
    fn describe() -> String {
        r#"{ "version": 1, "name": "hostile", "operators": [],
             "parameters": [ { "name": "case", "type": "string", "default": "none", "description": "what to do" } ],
             "sdk": { "language": "rust", "name": "none", "version": "0" } }"#
            .to_owned()
    }
}

impl plan::Guest for Guest {
    fn plan(arguments: Vec<(String, String)>) -> Result<String, String> {
        let case = arguments.into_iter().find(|(name, _)| name == "case");
        let case = case.map_or_else(|| "none".to_owned(), |(_, case)| case);
        Ok(match case.as_str() {
            "plan-loop" => endless::spin(),
            "plan-recursion" => endless::recursion().to_string(),
            "plan-hog" => endless::hog(),
            "plan-panic" => panic!("no plan today"),
            "plan-nothing" => String::new(),
            "plan-no-json" => "{ \"version\": 1,".to_owned(),
            "plan-deep" => "[".repeat(1_000_000),
            "plan-huge" => format!(
                "{{ \"version\": 1, \"name\": \"{}\" }}",
                "x".repeat(200 << 20)
            ),
            "plan-version" => document(&case, EDGES).replace("\"version\": 1", "\"version\": 9"),
            "plan-cycle" => document(
                &case,
                &EDGES.replace("\"to\": 3, \"input\": 0", "\"to\": 1, \"input\": 0"),
            ),
            "plan-nowhere" => document(&case, &EDGES.replace("\"to\": 3", "\"to\": 77")),
            "plan-twice" => document(&case, EDGES).replace("\"uid\": \"it\"", "\"uid\": \"keys\""),
            "plan-schema" => {
                document(&case, EDGES).replace("\"schema\": \"long\" }} ],", "\"schema\": 5 }} ],")
            }
            "plan-deep-schema" => {
                let deep = format!(
                    "{}\"long\"{}",
                    r#"{"type":"array","items":"#.repeat(100_000),
                    "}".repeat(100_000)
                );
                document(&case, EDGES).replacen("\"long\"", &deep, 1)
            }
            "plan-parallelism" => document(&case, EDGES).replace(
                "\"uid\": \"it\",",
                "\"uid\": \"it\", \"parallelism\": 4000000000,",
            ),
            "plan-control-characters" => {
                document(&case, EDGES).replace("hostile plan", "a\u{0}\u{1b}[2J")
            }
            "plan-path" => {
                document(&case, EDGES).replace("hostile plan-path", "../../../../etc/passwd")
            }
            _ => document(&case, EDGES),
        })
    }
}

impl operator::Guest for Guest {
    fn open(spec: operator::TaskSpec) -> Result<(), Failure> {
        std::panic::set_hook(Box::new(|panic| log::panicked(&panic.to_string())));
        let case = spec.arguments.into_iter().find(|(name, _)| name == "case");
        let case = case.map(|(_, case)| case).unwrap_or_default();
        STATE.set(spec.states.first().map_or(0, |state| state.number));
        ATTEMPT.set(spec.attempt);
        HEAD.set(spec.operators.first().copied().unwrap_or_default());
        match case.as_str() {
            "open-loop" => drop(endless::spin()),
            "open-fails" => return Err(Failure::Operator("not today".to_owned())),
            "open-emits" => output::emit(0, &batch(1, fixed(vec![0; 8]), fixed(vec![0; 8]))),
            "open-panics" => panic!("no opening today"),
            _ => {}
        }
        CASE.set(case);
        Ok(())
    }

    fn process(_: Moment, _: u32, records: Batch) -> Result<u32, Failure> {
        if HEAD.with_borrow(|head| *head) == KEYS {
            let count = records.count;
            let keys = BytesColumn {
                ends: records.values.ends.clone(),
                data: records.values.data.clone(),
            };
            output::emit(0, &batch(count, keys, records.values));
            return Ok(count);
        }
        let case = CASE.with_borrow(Clone::clone);
        if let Some(kind) = case.strip_prefix("columns-") {
            columns::emit(kind);
        } else if let Some(kind) = case.strip_prefix("endless-") {
            endless::run(kind);
        } else {
            return misuse::run(&case, &records);
        }
        Ok(records.count)
    }

    fn on_timers(_: Moment, _: TimeDomain, timers: TimerBatch) -> Result<u32, Failure> {
        let case = CASE.with_borrow(Clone::clone);
        match case.as_str() {
            "timer-loop" => drop(endless::spin()),
            "timer-panic" => panic!("no timers today"),
            "timer-none" => return Ok(0),
            _ => {}
        }
        Ok(timers.count)
    }

    fn on_watermark(_: Moment, _: u32, _: i64) -> Result<(), Failure> {
        if CASE.with_borrow(|case| case == "watermark-panic") {
            panic!("no watermark today");
        }
        Ok(())
    }

    fn finish(_: Moment) -> Result<(), Failure> {
        let case = CASE.with_borrow(Clone::clone);
        match case.as_str() {
            "finish-loop" => drop(endless::spin()),
            "finish-panic" => panic!("no end today"),
            "finish-fails" => return Err(Failure::Operator("not the end".to_owned())),
            _ => {}
        }
        Ok(())
    }
}

export!(Guest);
