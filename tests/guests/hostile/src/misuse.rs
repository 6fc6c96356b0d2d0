//! Host functions in ways that the contract forbids, and traps of every kind.

use crate::wasmill::dataflow::types::{BadRecord, Batch, Failure, TimeDomain, TimerBatch};
use crate::wasmill::dataflow::{operator_state, output, state, timers, watermarks};
use crate::{batch, fixed};

const KEY: &[u8] = &[1, 0, 0, 0, 0, 0, 0, 0];

/// Does it. `none` counts and hands on, as a good operator would.
pub(crate) fn run(case: &str, records: &Batch) -> Result<u32, Failure> {
    // Traces first: nothing of them may be seen.
    output::emit(0, records);
    match case {
        "global" => output::emit(
            0,
            &batch(
                1,
                fixed(vec![0; 8]),
                fixed(crate::calls().to_le_bytes().to_vec()),
            ),
        ),
        "attempt" => output::emit(
            0,
            &batch(
                1,
                fixed(vec![0; 8]),
                fixed(crate::attempt().to_le_bytes().to_vec()),
            ),
        ),
        "consume-none" => return Ok(0),
        "consume-more" => return Ok(records.count + 1),
        "consume-largest" => return Ok(u32::MAX),
        "fails" => return Err(Failure::Operator("not this one".to_owned())),
        "fails-at" => return Err(failed_at(0)),
        "fails-beyond" => return Err(failed_at(u32::MAX)),
        "fails-at-length" => return Err(Failure::Operator("z".repeat(100 << 20))),
        "panic" => panic!("asked to"),
        "divide" => drop(std::hint::black_box(1_i32 / std::hint::black_box(0))),
        "unreachable" => core::arch::wasm32::unreachable(),
        "foreign-key" => (0_u64..10_000)
            .for_each(|key| state::put(crate::state(), &key.to_le_bytes(), &[], b"x")),
        "wrong-state" => drop(state::get(4_711, KEY, &[])),
        "long-key" => state::put(crate::state(), &vec![1; 1 << 20], &[], b"x"),
        "append-to-value" => state::append_many(
            crate::state(),
            1,
            &fixed(KEY.to_vec()),
            &fixed(Vec::new()),
            &fixed(vec![1]),
        ),
        "scan-largest" => drop(state::scan(crate::state(), KEY, &[], u32::MAX)),
        "state-columns" => state::put_many(
            crate::state(),
            3,
            &fixed(vec![1; 7]),
            &fixed(Vec::new()),
            &fixed(Vec::new()),
        ),
        "state-count" => drop(state::get_many(
            crate::state(),
            u32::MAX,
            &fixed(Vec::new()),
            &fixed(Vec::new()),
        )),
        "timer-columns" => register(2, &[1], KEY),
        "timer-count" => register(u32::MAX, &[], &[]),
        "timer-foreign-key" => {
            (0_i64..10_000).for_each(|key| register(1, &[1], &key.to_le_bytes()))
        }
        "timer-loop" | "timer-panic" | "timer-none" => register(1, &[1], KEY),
        "operator-state" => drop(operator_state::elements(4_711)),
        "observe" => watermarks::observe(&[watermarks::Observation {
            operator: 9,
            max_timestamp: 1,
            watermark: i64::MIN,
        }]),
        "other-key" => output::emit(0, &batch(1, fixed(vec![9; 300]), fixed(vec![0; 8]))),
        _ => {}
    }
    Ok(records.count)
}

fn failed_at(index: u32) -> Failure {
    Failure::Record(BadRecord {
        index,
        message: "a bad record".to_owned(),
    })
}

fn register(count: u32, times: &[i64], keys: &[u8]) {
    let batch = TimerBatch {
        count,
        times: times.to_vec(),
        keys: fixed(keys.to_vec()),
        namespaces: fixed(Vec::new()),
    };
    timers::register(TimeDomain::Event, &batch);
}
