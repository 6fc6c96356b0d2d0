//! Columns that are no batch.

use crate::wasmill::dataflow::output;
use crate::wasmill::dataflow::types::{Batch, BytesColumn};
use crate::{batch, fixed};

/// Three values with these ends and so many bytes.
fn values(ends: &[u32], bytes: usize) -> Batch {
    let column = BytesColumn {
        ends: ends.to_vec(),
        data: vec![7; bytes],
    };
    batch(3, fixed(Vec::new()), column)
}

/// Emits one of them.
pub(crate) fn emit(kind: &str) {
    let whole = values(&[8, 16, 24], 24);
    let (port, records) = match kind {
        "width" => (0, batch(3, fixed(Vec::new()), fixed(vec![1; 7]))),
        "end-count" => (0, values(&[8, 16], 16)),
        "end-order" => (0, values(&[16, 8, 24], 24)),
        "end-beyond" => (0, values(&[8, 16, 900], 24)),
        "end-largest" => (0, values(&[u32::MAX, u32::MAX, u32::MAX], 24)),
        "end-short" => (0, values(&[8, 16, 16], 24)),
        "keys" => {
            let keys = fixed(vec![1; 2]);
            (0, Batch { keys, ..whole })
        }
        "timestamps" => {
            let timestamps = vec![1, 2];
            (
                0,
                Batch {
                    timestamps,
                    ..whole
                },
            )
        }
        "empty-with-data" => (0, Batch { count: 0, ..whole }),
        "count" => (0, batch(u32::MAX, fixed(Vec::new()), fixed(Vec::new()))),
        "port" => (7, whole),
        "port-largest" => (u32::MAX, whole),
        "value" => (0, batch(1, fixed(Vec::new()), fixed(vec![1; 3]))),
        "record" => (0, batch(1, fixed(Vec::new()), fixed(vec![1; 100 << 20]))),
        other => panic!("there are no columns {other}"),
    };
    output::emit(port, &records);
}
