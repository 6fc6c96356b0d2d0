//! What is saved of the streams comes back as it was; whatever else the bytes are is refused.

use proptest::prelude::*;

use super::*;

fn batch() -> impl Strategy<Value = Batch> {
    let record = (any::<Option<i64>>(), any::<Vec<u8>>(), any::<Vec<u8>>());
    proptest::collection::vec(record, 1..6).prop_map(|records| {
        let mut batch = Batch::default();
        for (time, key, value) in records {
            let time = time.unwrap_or(crate::element::NO_TIMESTAMP);
            batch.push(time, &key, &value);
        }
        batch
    })
}

fn element() -> impl Strategy<Value = StreamElement> {
    prop_oneof![
        batch().prop_map(|batch| StreamElement::Records(batch, None)),
        any::<i64>().prop_map(StreamElement::Watermark),
        Just(StreamElement::Idle),
        Just(StreamElement::EndOfInput),
    ]
}

fn work() -> impl Strategy<Value = PendingWork> {
    let assigner = || proptest::option::of(0u32..9);
    prop_oneof![
        (any::<u32>(), proptest::option::of(0u32..9), batch())
            .prop_map(|(input, split, it)| PendingWork::Records(input, split.map(SplitId), it)),
        (assigner(), any::<i64>()).prop_map(|(of, time)| PendingWork::EventTime(of, time)),
        (assigner(), any::<i64>()).prop_map(|(of, time)| PendingWork::Announce(of, time)),
        any::<i64>().prop_map(PendingWork::FireTimers),
    ]
}

fn in_flight() -> impl Strategy<Value = InFlight> {
    let channel = || proptest::collection::vec(element(), 0..4);
    let inputs = proptest::collection::vec(channel(), 0..4);
    let outputs = proptest::collection::vec(proptest::collection::vec(channel(), 0..3), 0..3);
    (inputs, outputs, proptest::collection::vec(work(), 0..4)).prop_map(
        |(inputs, outputs, work)| InFlight {
            inputs,
            outputs,
            work,
        },
    )
}

fn without_control(mut it: InFlight) -> InFlight {
    let saved =
        |it: &StreamElement| matches!(it, StreamElement::Records(..) | StreamElement::Watermark(_));
    let outputs = it.outputs.iter_mut().flatten();
    for channel in it.inputs.iter_mut().chain(outputs) {
        channel.retain(saved);
    }
    it
}

proptest! {
    #[test]
    fn records_and_watermarks_come_back_in_order(it in in_flight()) {
        let read = InFlight::decode(&it.encode()).expect("it was just written");
        prop_assert_eq!(read, without_control(it));
    }

    #[test]
    fn no_bytes_bring_the_host_down(it in in_flight(), at in any::<usize>(), to in any::<u8>(), cut in any::<usize>()) {
        let mut bytes = it.encode();
        let at = at % bytes.len();
        bytes[at] = to;
        bytes.truncate(cut % (bytes.len() + 1));
        let _ = InFlight::decode(&bytes);
        let _ = InFlight::decode(&bytes[at.min(bytes.len())..]);
    }
}

#[test]
fn a_task_with_other_channels_is_refused() {
    let it = InFlight {
        inputs: vec![vec![StreamElement::Watermark(1)]; 2],
        outputs: vec![vec![Vec::new(); 3]],
        work: Vec::new(),
    };
    assert_eq!(it.fits(2, &[3]), Ok(()));
    assert!(it.fits(3, &[3]).is_err());
    assert!(it.fits(2, &[3, 1]).is_err());
    let error = it.fits(2, &[2]).expect_err("three are not two");
    let text = "data in flight: it has 3 output channels, the task has 2";
    assert_eq!(error.to_string(), text);
    assert_eq!(InFlight::default().fits(7, &[1, 1]), Ok(()), "nothing fits");
}
