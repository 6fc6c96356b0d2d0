//! Every record arrives once, in order per key, whatever the partitioning, the sizes and the credit.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::network::buffer_pool::BufferPool;
use crate::network::channel::{ChannelReceiver, Received, channel};
use crate::task::mailbox::mailbox;

fn writer(partitioning: Partitioning, channels: usize) -> (RecordWriter, Vec<ChannelReceiver>) {
    let pool = BufferPool::new(4);
    let (senders, receivers) = (0..channels)
        .map(|_| channel(&pool, mailbox().0.waker(), mailbox().0.waker()))
        .unzip();
    (RecordWriter::new(partitioning, senders, 128), receivers)
}

fn receive(receivers: &mut [ChannelReceiver], into: &mut [Vec<StreamElement>]) {
    for (receiver, elements) in receivers.iter_mut().zip(into) {
        while let Received::Element(element) = receiver.try_receive() {
            elements.push(element);
        }
    }
}

fn records(elements: &[StreamElement]) -> Vec<(i64, Vec<u8>, Vec<u8>)> {
    let mut all = Vec::new();
    for element in elements {
        if let StreamElement::Records(batch, _) = element {
            assert_eq!(batch.validate(BATCH_RECORDS_MAX), Ok(()));
            all.extend((0..batch.len()).map(|i| {
                (
                    batch.timestamp(i),
                    batch.key(i).to_vec(),
                    batch.value(i).to_vec(),
                )
            }));
        }
    }
    all
}

proptest! {
    #[test]
    fn hash_partitioning_brings_every_record_once_to_the_owner_of_its_key_in_order(
        sizes in prop::collection::vec(1usize..300, 1..12),
        channels in 1usize..5,
        wide in any::<bool>(),
        stamped in any::<bool>(),
    ) {
        let (mut writer, mut receivers) = writer(Partitioning::Hash, channels);
        let mut got = vec![Vec::new(); channels];
        let mut expected: BTreeMap<Vec<u8>, Vec<u64>> = BTreeMap::new();
        let mut n = 0u64;
        for size in sizes {
            let mut batch = Batch::default();
            for _ in 0..size {
                let key = (n * 7 % 13).to_le_bytes();
                let key = if wide { &key[..] } else { &key[..(1 + n as usize % 3)] };
                let mut value = n.to_le_bytes().to_vec();
                value.resize(8 + (n as usize * 31) % 500, 1);
                batch.push(if stamped { n as i64 } else { dataflow::element::NO_TIMESTAMP }, key, &value);
                expected.entry(key.to_vec()).or_default().push(n);
                n += 1;
            }
            writer.write(batch, 0);
            while !writer.drain() {
                receive(&mut receivers, &mut got);
            }
        }
        writer.broadcast(&StreamElement::EndOfInput);
        while !writer.drain() {
            receive(&mut receivers, &mut got);
        }
        receive(&mut receivers, &mut got);
        let mut seen: BTreeMap<Vec<u8>, Vec<u64>> = BTreeMap::new();
        for (channel, elements) in got.iter().enumerate() {
            prop_assert_eq!(elements.last(), Some(&StreamElement::EndOfInput));
            for (timestamp, key, value) in records(elements) {
                let owner = subtask_of_key_group(key_group(&key, 128), 128, channels as u32);
                prop_assert_eq!(owner as usize, channel);
                let number = u64::from_le_bytes(value[..8].try_into().expect("8 bytes"));
                if stamped {
                    prop_assert_eq!(timestamp, number as i64);
                }
                seen.entry(key).or_default().push(number);
            }
        }
        prop_assert_eq!(seen, expected);
    }
}

#[test]
fn a_watermark_never_overtakes_a_record_and_only_the_newest_is_sent() {
    let (mut writer, mut receivers) = writer(Partitioning::Broadcast, 2);
    let mut batch = Batch::default();
    batch.push(5, b"", b"v");
    writer.write(batch, 0);
    writer.watermark(3);
    writer.watermark(4);
    writer.flush_older_than(10, 9);
    let mut got = vec![Vec::new(); 2];
    receive(&mut receivers, &mut got);
    assert!(got.iter().all(Vec::is_empty), "not yet old enough");
    writer.flush_older_than(10, 10);
    receive(&mut receivers, &mut got);
    for elements in got {
        assert!(matches!(
            elements[..],
            [StreamElement::Records(..), StreamElement::Watermark(4)]
        ));
    }
}

#[test]
fn one_large_record_gets_through_a_small_pool() {
    let (mut writer, mut receivers) = writer(Partitioning::Forward, 1);
    for _ in 0..30 {
        let mut batch = Batch::default();
        batch.push(0, b"", &vec![7; 20 * SEGMENT_BYTES]);
        writer.write(batch, 0);
    }
    let mut got = vec![Vec::new()];
    while !writer.drain() {
        receive(&mut receivers, &mut got);
    }
    receive(&mut receivers, &mut got);
    assert_eq!(records(&got[0]).len(), 30);
}
