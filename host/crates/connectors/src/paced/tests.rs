//! Lines come in batches of one size with a pause after each, also after a restore; nonsense is refused.

use std::io::Write;
use std::sync::Arc;

use dataflow::clock::ManualClock;
use dataflow::port::source::{Polled, SourceContext, SourceReader};
use serde_json::json;

fn counted(reader: &mut dyn SourceReader, clock: &ManualClock, batches: usize) -> Vec<u32> {
    let mut counts = Vec::new();
    while counts.len() < batches {
        match reader.poll().unwrap() {
            Polled::Records(batch, _) => counts.push(batch.count),
            Polled::Pending(Some(wait)) => {
                assert!(wait.as_millis() <= 10, "{wait:?}");
                clock.advance_ms(1);
            }
            Polled::SplitEnded(_) => {}
            Polled::End => break,
            Polled::Pending(None) => panic!("it waits for nobody"),
        }
    }
    counts
}

#[test]
fn lines_come_in_portions_with_a_pause_after_each() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    (0..95).for_each(|line| writeln!(file, "line {line}").unwrap());
    let clock = Arc::new(ManualClock::at(1_000));
    let config = json!({"type": "text-files", "path": file.path(), "rate": 1000});
    let handle: Arc<ManualClock> = Arc::clone(&clock);
    let source = crate::source(&config, handle).unwrap();
    let mut reader = source
        .reader(
            source.splits(1).unwrap(),
            SourceContext::alone(Arc::new(|| {})),
        )
        .unwrap();
    let started = dataflow::clock::Clock::monotonic_ns(&*clock);
    assert_eq!(counted(&mut *reader, &clock, 3), [10, 10, 10]);
    let restored = reader.snapshot();
    let mut reader = source
        .reader(restored, SourceContext::alone(Arc::new(|| {})))
        .unwrap();
    let rest = counted(&mut *reader, &clock, usize::MAX);
    assert_eq!(rest, [10, 10, 10, 10, 10, 10, 5]);
    let passed_ms = (dataflow::clock::Clock::monotonic_ns(&*clock) - started) / 1_000_000;
    assert!((80..=95).contains(&passed_ms), "{passed_ms} ms");
}

#[test]
fn a_rate_of_nothing_is_refused() {
    let path = tempfile::NamedTempFile::new().unwrap();
    for rate in [0.0, -1.0] {
        let config = json!({"type": "text-files", "path": path.path(), "rate": rate});
        let refused = crate::source(&config, Arc::new(ManualClock::at(0)));
        let error = refused.err().unwrap().to_string();
        assert!(error.contains("`rate`"), "{error}");
    }
}
