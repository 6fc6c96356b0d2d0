//! Every way in which columns can be no batch.

use crate::wasmill::dataflow::types::{Batch, BytesColumn};
use crate::wasmill::dataflow::{output, state, watermarks};
use crate::{batch, fixed};

fn values(ends: &[u32], bytes: usize) -> Batch {
    let column = BytesColumn {
        ends: ends.to_vec(),
        data: vec![7; bytes],
    };
    batch(3, fixed(Vec::new()), column)
}

pub fn emit(kind: &str) {
    let whole = values(&[1, 2, 3], 3);
    let (port, records) = match kind {
        "width" => (0, batch(3, fixed(Vec::new()), fixed(vec![1; 7]))),
        "end-count" => (0, values(&[1, 2], 2)),
        "end-order" => (0, values(&[2, 1, 3], 3)),
        "end-beyond" => (0, values(&[1, 2, 9], 3)),
        "end-short" => (0, values(&[1, 2, 2], 3)),
        "keys" => (
            0,
            Batch {
                keys: fixed(vec![1; 2]),
                ..whole
            },
        ),
        "timestamps" => (
            0,
            Batch {
                timestamps: vec![1, 2],
                ..whole
            },
        ),
        "empty-with-data" => (0, Batch { count: 0, ..whole }),
        "count" => (0, batch(u32::MAX, fixed(Vec::new()), fixed(Vec::new()))),
        "port" => (7, whole),
        "state" => {
            state::put_many(
                crate::state(),
                3,
                &fixed(vec![1; 7]),
                &fixed(Vec::new()),
                &fixed(Vec::new()),
            );
            return;
        }
        "state-count" => {
            state::get_many(
                crate::state(),
                u32::MAX,
                &fixed(Vec::new()),
                &fixed(Vec::new()),
            );
            return;
        }
        "observation" => {
            watermarks::observe(&[watermarks::Observation {
                operator: 9,
                max_timestamp: 1,
                watermark: i64::MIN,
            }]);
            return;
        }
        other => panic!("unknown kind {other}"),
    };
    output::emit(port, &records);
}
