//! Windows hold what a plain list of records says, however the watermark jumps and whenever the cache is lost.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use dataflow::element::{Batch, WATERMARK_MAX};
use dataflow::ids::StateNumber;
use dataflow::key_group::KeyGroupRange;
use dataflow::port::blob::{BlobError, BlobRef, BlobStore};
use dataflow::port::call::{Call, Moment, Timers};
use dataflow::port::state::{BackendSpec, StateBackendFactory, StateKind, StateSpec};
use dataflow::time::timer::TimeDomain;
use proptest::prelude::*;

use super::WindowCount;
use crate::logic::Logic;
use crate::row::{long, rows};

const WINDOW: StateNumber = StateNumber(0);

/// Nothing is saved here.
struct NoStore;

impl BlobStore for NoStore {
    fn put(&self, role: &str, _: Vec<u8>) -> Result<BlobRef, BlobError> {
        Err(BlobError::Missing(role.to_owned()))
    }

    fn put_file(&self, role: &str, _: &Path) -> Result<BlobRef, BlobError> {
        Err(BlobError::Missing(role.to_owned()))
    }

    fn get(&self, blob: &BlobRef) -> Result<Vec<u8>, BlobError> {
        Err(BlobError::Missing(blob.name.clone()))
    }

    fn get_file(&self, blob: &BlobRef, _: &Path) -> Result<(), BlobError> {
        Err(BlobError::Missing(blob.name.clone()))
    }
}

fn keyed_call() -> Call {
    let event = TimeDomain::Event;
    let state = |number, name: &str| StateSpec {
        number,
        name: name.to_owned(),
        kind: StateKind::Value,
    };
    let spec = BackendSpec {
        states: vec![
            state(WINDOW, "window"),
            state(event.state(), event.state_name()),
        ],
        key_groups: KeyGroupRange::all(4),
        max_parallelism: 4,
        local_dir: std::env::temp_dir(),
        managed_memory_bytes: 1 << 20,
    };
    let backend = state::HeapBackendFactory::new().open(spec, &[], Arc::new(NoStore));
    let keys = KeyGroupRange::all(4);
    Call::keyed(backend.unwrap(), keys, 4, Timers::default())
}

/// Counts by window start and key.
type Counts = BTreeMap<(i64, i64), i64>;

/// Something that happens to the operator.
#[derive(Clone, Debug)]
enum Step {
    /// Records: key and time.
    Records(Vec<(i64, i64)>),
    /// The watermark advances by so much, and so many timers at most are handed over at once.
    Watermark(i64, usize),
    /// The cache is gone.
    Forget,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let records = prop::collection::vec((0_i64..3, 0_i64..60), 1..12);
    let step = prop_oneof![
        4 => records.prop_map(Step::Records),
        3 => (0_i64..25, 1_usize..4).prop_map(|(by, most)| Step::Watermark(by, most)),
        1 => Just(Step::Forget),
    ];
    prop::collection::vec(step, 1..30)
}

/// Takes the results of a call.
fn collect(call: &mut Call, found: &mut Counts) {
    call.commit().unwrap();
    for emitted in call.output.drain(..) {
        let records = &emitted.records;
        for row in rows::<3>(&records.values, records.len()).unwrap() {
            let [start, key, count] = row.map(long);
            assert_eq!(found.insert((start, key), count), None, "fired twice");
        }
    }
}

fn advance<L: Logic>(
    logic: &mut L,
    call: &mut Call,
    watermark: i64,
    most: usize,
    found: &mut Counts,
) {
    call.moment.watermark_ms = watermark;
    loop {
        let due = call.timers().event.pop_due(watermark, most);
        if due.is_empty() {
            return;
        }
        logic.on_timers(&due, call).unwrap();
        collect(call, found);
    }
}

fn check<const SIZE: i64, const SLIDE: i64>(steps: Vec<Step>) {
    let mut call = keyed_call();
    call.moment = Moment {
        processing_time_ms: 0,
        watermark_ms: -1,
    };
    let new = || WindowCount::<SIZE, SLIDE>::new(WINDOW, 0, None);
    let (mut logic, mut watermark) = (new(), -1);
    let (mut found, mut expected) = (Counts::new(), Counts::new());
    for step in steps {
        match step {
            Step::Records(records) => {
                let mut batch = Batch::default();
                for (key, time) in records {
                    batch.push(time, &key.to_le_bytes(), &[]);
                    let first = (time - SIZE).div_euclid(SLIDE) * SLIDE + SLIDE;
                    for start in (first..=time).step_by(SLIDE as usize) {
                        if start + SIZE - 1 > watermark {
                            *expected.entry((start, key)).or_default() += 1;
                        }
                    }
                }
                logic.process(0, &batch, &mut call).unwrap();
                collect(&mut call, &mut found);
            }
            Step::Watermark(by, most) => {
                watermark += by;
                advance(&mut logic, &mut call, watermark, most, &mut found);
            }
            Step::Forget => logic = new(),
        }
    }
    advance(&mut logic, &mut call, WATERMARK_MAX, 2, &mut found);
    assert_eq!(found, expected);
    let left = call.backend().map(|backend| backend.usage().entries);
    assert_eq!(left, Some(0), "state that no window needs any more");
}

proptest! {
    #[test]
    fn every_sliding_window_fires_once_with_its_records(steps in steps()) {
        check::<10, 2>(steps);
    }

    #[test]
    fn every_tumbling_window_fires_once_with_its_records(steps in steps()) {
        check::<10, 10>(steps);
    }
}
