//! What a well-behaved guest may rely on.

mod support;

use dataflow::element::Batch;
use dataflow::ids::OperatorId;
use dataflow::limits::BATCH_RECORDS_MAX;
use dataflow::metric::MetricValue;
use dataflow::port::call::Moment;
use dataflow::port::operator::Operator;
use dataflow::time::timer::TimeDomain;
use dataflow::time::watermark_generator::Seen;
use support::{behaviors, guests, open, records, runtime, spec};
use wasm::{GuestLimits, GuestOperator};

fn guest(behavior: &str) -> GuestOperator {
    open(&behaviors(&runtime()), behavior, GuestLimits::default())
}

/// Processes a batch, commits, and gives the output back.
fn process(guest: &mut GuestOperator, batch: &Batch) -> Vec<Batch> {
    let consumed = guest.process(0, batch).expect("the guest is good");
    assert_eq!(consumed, batch.count);
    guest.call().commit().expect("the backend is good");
    let output = std::mem::take(&mut guest.call().output);
    output.into_iter().map(|emitted| emitted.records).collect()
}

#[test]
fn what_goes_in_comes_out_of_an_echo() {
    let mut guest = guest("echo");
    let mut mixed = Batch::default();
    for index in 0..100_usize {
        mixed.push(index as i64, &b"key"[..index % 4], &[7; 50][..index % 50]);
    }
    let mut untimed = Batch::default();
    untimed.push(dataflow::element::NO_TIMESTAMP, b"", b"value");
    for batch in [records(["a", "b", "c"]), mixed, untimed] {
        assert_eq!(process(&mut guest, &batch), [batch]);
    }
}

#[test]
fn an_empty_batch_does_not_reach_the_guest() {
    let mut guest = guest("no such behavior");
    assert_eq!(guest.process(0, &Batch::default()).expect("no call"), 0);
}

#[test]
fn keyed_state_is_seen_by_later_calls() {
    for behavior in ["count", "count-single"] {
        let mut guest = guest(behavior);
        let output = process(&mut guest, &records(["a", "b", "a"]));
        process(&mut guest, &records(["a"]));
        let values: Vec<&[u8]> = output[0].values.entries(3).collect();
        let expected = [1_i64, 1, 2].map(i64::to_le_bytes);
        assert_eq!(values, expected.each_ref().map(<[u8; 8]>::as_slice));
        let mut counts = Vec::new();
        let backend = guest.call().backend().expect("a backend");
        backend
            .visit(support::STATE, &mut |key, _, value| {
                counts.push((key.to_vec(), value.to_vec()));
            })
            .expect("the backend is good");
        counts.sort();
        let expected = [(b"a", 3_i64), (b"b", 1)];
        let expected = expected.map(|(key, count)| (key.to_vec(), count.to_le_bytes().to_vec()));
        assert_eq!(counts, expected, "{behavior}");
    }
}

#[test]
fn timers_come_back_with_their_keys() {
    let mut guest = guest("timers");
    process(&mut guest, &records(["a", "b"]));
    let due = guest.call().timers().event.pop_due(i64::MAX, 10);
    assert_eq!(due.times, [1_000, 1_001]);
    let handled = guest.on_timers(TimeDomain::Event, &due).expect("handled");
    assert_eq!(handled, 2);
    let output = &guest.call().output[0].records;
    assert_eq!((output.key(0), output.key(1)), (&b"a"[..], &b"b"[..]));
    assert_eq!(output.timestamps, [1_000, 1_001]);
}

#[test]
fn a_batch_larger_than_allowed_is_cut() {
    let mut guest = guest("fan-out");
    let output = process(&mut guest, &records(["a", "b"]));
    let counts: Vec<usize> = output.iter().map(Batch::len).collect();
    assert_eq!(counts.iter().sum::<usize>(), 20_000);
    assert!(counts.iter().all(|count| *count <= BATCH_RECORDS_MAX));
    let values = output
        .iter()
        .flat_map(|batch| batch.values.entries(batch.len()));
    for (index, value) in values.enumerate() {
        assert_eq!(value, (index as u64).to_le_bytes());
    }
}

#[test]
fn a_guest_may_stop_in_the_middle_of_a_batch() {
    let mut guest = guest("half");
    assert_eq!(
        guest.process(0, &records(["a", "b", "c"])).expect("good"),
        2
    );
}

#[test]
fn observed_timestamps_are_kept_by_operator() {
    let mut guest = guest("observe");
    guest.process(0, &records(["a", "b"])).expect("good");
    guest.process(0, &records(["a", "b", "c"])).expect("good");
    assert_eq!(guest.call().observed, [(OperatorId(0), Seen::timestamp(2))]);
}

#[test]
fn counters_are_sums_over_calls() {
    let mut guest = guest("metrics");
    process(&mut guest, &records(["a", "b"]));
    process(&mut guest, &records(["a"]));
    assert_eq!(
        guest.metrics(),
        [(OperatorId(0), "seen".to_owned(), MetricValue::Counter(3))]
    );
}

#[test]
fn a_flood_of_log_lines_does_no_harm() {
    let mut guest = guest("log-flood");
    assert_eq!(guest.process(0, &records(["a"])).expect("good"), 1);
}

#[test]
fn the_moment_and_the_end_reach_the_guest() {
    let mut guest = guest("echo");
    guest.call().moment = Moment {
        processing_time_ms: 1,
        watermark_ms: 77,
    };
    guest.on_watermark(OperatorId(0), 77).expect("good");
    guest.finish().expect("good");
    let output = &guest.call().output[0].records;
    assert_eq!(output.value(0), 77_i64.to_le_bytes());
}

#[test]
fn an_instance_that_grew_large_is_replaced_and_nothing_is_lost() {
    let limits = GuestLimits {
        memory_bytes: 32 << 20,
        recycle_memory_bytes: 16 << 20,
        ..GuestLimits::default()
    };
    let component = behaviors(&runtime());
    let mut guest = open(&component, "leak", limits);
    for _ in 0..100 {
        process(&mut guest, &records(["a"]));
        assert!(guest.memory_bytes() < 32 << 20);
    }
}

#[test]
fn a_component_without_a_plan_runs() {
    let runtime = runtime();
    let component = runtime.load(&guests::path("plain")).expect("it loads");
    let guests = component.guests(GuestLimits::default());
    let call = dataflow::port::call::Call::stateless();
    let mut guest = guests.open_guest(&spec(""), call).expect("it opens");
    let batch = records(["a"]);
    assert_eq!(process(&mut guest, &batch), [batch]);
}
