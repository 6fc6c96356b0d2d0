//! Everything a host must survive.

use crate::wasmill::dataflow::types::{Batch, Failure};
use crate::wasmill::dataflow::{output, state};
use crate::{batch, entry, fixed};

#[inline(never)]
pub fn process(kind: &str, records: Batch) -> Result<u32, Failure> {
    // Leave traces first: nothing of them may be seen.
    output::emit(0, &records);
    let count = records.count as usize;
    match kind {
        "panic" => {
            let value = entry(&records.values, 0, count);
            panic!("cannot read {value:?}");
        }
        "loop" => loop {
            std::hint::black_box(0);
        },
        "recursion" => {
            std::hint::black_box(recurse(std::hint::black_box(1)));
        }
        "hog" => {
            let mut all = Vec::new();
            loop {
                all.push(std::hint::black_box(vec![1_u8; 1 << 20]));
            }
        }
        "consume-none" => return Ok(0),
        "consume-more" => return Ok(records.count + 1),
        "foreign-key" => {
            // All key groups but the task's own.
            for key in 0_u32..10_000 {
                state::put(crate::state(), &key.to_le_bytes(), &[], b"x");
            }
        }
        "wrong-state" => {
            state::get(4_711, b"key", &[]);
        }
        "output" => {
            for _ in 0..u32::MAX {
                output::emit(0, &batch(1, fixed(Vec::new()), fixed(vec![1; 1 << 20])));
            }
        }
        "writes" => {
            let value = vec![1_u8; 1 << 20];
            for _ in 0..u32::MAX {
                state::put(crate::state(), entry(&records.keys, 0, count), &[], &value);
            }
        }
        "out-of-bounds" => {
            let address = std::hint::black_box(u32::MAX - 8) as usize as *const u64;
            // A read beyond the memory; the sandbox is under test, not this guest.
            std::hint::black_box(unsafe { address.read_volatile() });
        }
        "divide" => {
            std::hint::black_box(1_i32 / std::hint::black_box(0));
        }
        other => return Err(Failure::Operator(format!("unknown kind {other}"))),
    }
    Ok(records.count)
}

#[inline(never)]
fn recurse(depth: u64) -> u64 {
    if std::hint::black_box(depth) == 0 {
        return 0;
    }
    recurse(depth + 1).wrapping_add(depth)
}
