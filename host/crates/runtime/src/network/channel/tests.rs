//! Credits: what is queued is bounded, and nobody waits for ever.

use dataflow::element::Batch;

use super::*;
use crate::task::mailbox::mailbox;

fn buffer(value: u8) -> StreamElement {
    let mut batch = Batch::default();
    batch.push(0, b"k", &[value]);
    StreamElement::Records(batch, None)
}

#[test]
fn a_sender_without_credit_keeps_the_element_and_is_woken() {
    let pool = BufferPool::new(100);
    let (producer, consumer) = (mailbox(), mailbox());
    let (sender, mut receiver) = channel(&pool, producer.0.waker(), consumer.0.waker());
    let mut sent = 0;
    while sender.try_send(buffer(sent)).is_ok() {
        sent += 1;
    }
    assert_eq!(
        usize::from(sent),
        EXCLUSIVE_SEGMENTS_PER_CHANNEL + FLOATING_SEGMENTS_PER_CHANNEL
    );
    assert_eq!(pool.usage().0, FLOATING_SEGMENTS_PER_CHANNEL as u64);
    let mut woken_after = 0;
    while !producer.1.take_wake() {
        assert!(matches!(receiver.try_receive(), Received::Element(_)));
        woken_after += 1;
    }
    assert_eq!(woken_after, 5, "at half, not at every buffer");
    assert!(sender.try_send(buffer(99)).is_ok());
    drop((sender, receiver));
    assert_eq!(pool.usage().0, 0, "permits of a dropped channel come back");
}

#[test]
fn an_empty_pool_leaves_every_channel_its_exclusive_segments() {
    let pool = BufferPool::new(1);
    let (a, b, c) = (mailbox(), mailbox(), mailbox());
    let (first, mut receiver) = channel(&pool, a.0.waker(), c.0.waker());
    let (second, _other) = channel(&pool, b.0.waker(), c.0.waker());
    for value in 0..3 {
        assert!(first.try_send(buffer(value)).is_ok());
    }
    assert!(first.try_send(buffer(3)).is_err());
    for value in 0..2 {
        assert!(second.try_send(buffer(value)).is_ok());
    }
    assert!(second.try_send(buffer(3)).is_err());
    assert!(
        second.try_send(StreamElement::Watermark(5)).is_ok(),
        "control needs no credit"
    );
    for _ in 0..3 {
        receiver.try_receive();
    }
    assert!(b.1.take_wake(), "a permit came back");
    assert!(second.try_send(buffer(3)).is_ok());
}

fn taken(receiver: &mut ChannelReceiver) -> Vec<StreamElement> {
    let next = || match receiver.try_receive() {
        Received::Element(element) => Some(element),
        Received::Empty | Received::Broken => None,
    };
    std::iter::from_fn(next).collect()
}

fn barrier(checkpoint: u64) -> Barrier {
    Barrier {
        checkpoint: CheckpointId(checkpoint),
    }
}

#[test]
fn a_barrier_overtakes_what_found_no_credit_and_ends_what_is_recorded() {
    let pool = BufferPool::new(100);
    let (producer, consumer) = (mailbox(), mailbox());
    let (sender, mut receiver) = channel(&pool, producer.0.waker(), consumer.0.waker());
    let sent: Vec<StreamElement> = (0..10).map(buffer).collect();
    for element in &sent {
        assert!(sender.try_send(element.clone()).is_ok());
    }
    assert!(sender.try_send(buffer(10)).is_err());
    assert!(sender.try_overtake(barrier(1)));
    receiver.begin_recording(CheckpointId(1));
    let mut recorded = Vec::new();
    assert_eq!(receiver.record(&mut recorded), Recorded::Complete);
    assert_eq!(recorded, sent);
    assert!(
        sender.try_send(buffer(10)).is_err(),
        "a checkpoint makes no room"
    );
    let mut all = sent;
    all.push(StreamElement::Barrier(barrier(1)));
    assert_eq!(taken(&mut receiver), all, "recorded is not taken");
    assert!(producer.1.take_wake() && sender.try_send(buffer(10)).is_ok());
}

#[test]
fn nothing_is_taken_before_it_is_recorded() {
    let pool = BufferPool::new(100);
    let (producer, consumer) = (mailbox(), mailbox());
    let (sender, mut receiver) = channel(&pool, producer.0.waker(), consumer.0.waker());
    receiver.put_back(vec![buffer(0), StreamElement::Watermark(3)]);
    receiver.begin_recording(CheckpointId(2));
    let mut recorded = Vec::new();
    assert_eq!(receiver.record(&mut recorded), Recorded::Open);
    assert!(sender.try_overtake(barrier(1)) && sender.try_send(buffer(1)).is_ok());
    assert_eq!(taken(&mut receiver).len(), 2, "the new ones wait");
    assert_eq!(receiver.record(&mut recorded), Recorded::Open);
    assert!(sender.try_overtake(barrier(2)) && sender.try_send(buffer(2)).is_ok());
    assert_eq!(receiver.record(&mut recorded), Recorded::Complete);
    let before = [buffer(0), StreamElement::Watermark(3), buffer(1)];
    assert_eq!(recorded, before, "older barriers are nobody's");
    assert_eq!(taken(&mut receiver).len(), 4);
    receiver.begin_recording(CheckpointId(3));
    assert!(sender.try_overtake(barrier(4)));
    assert_eq!(receiver.record(&mut recorded), Recorded::Lost);
}
