//! Promises of the growth limiter.

use super::*;

fn limiter(memory_bytes: u64) -> GrowthLimiter {
    GrowthLimiter::new(&GuestLimits {
        memory_bytes,
        table_elements: 10,
        ..GuestLimits::default()
    })
}

#[test]
fn memories_of_one_instance_share_one_limit() {
    let mut limiter = limiter(100);
    assert!(limiter.memory_growing(0, 60, None).expect("no error"));
    assert!(!limiter.memory_growing(0, 60, None).expect("no error"));
    assert!(limiter.memory_growing(60, 100, None).expect("no error"));
    assert_eq!(limiter.memory_bytes(), 100);
}

#[test]
fn a_refusal_is_remembered_until_the_next_call() {
    let mut limiter = limiter(100);
    assert!(!limiter.memory_growing(0, 101, None).expect("no error"));
    let refused = limiter.refused().expect("a refusal");
    assert_eq!((refused.wanted, refused.allowed), (101, 100));
    limiter.forget_refusal();
    assert_eq!(limiter.refused(), None);
}

#[test]
fn growth_the_system_refused_is_not_counted() {
    let mut limiter = limiter(100);
    assert!(limiter.memory_growing(0, 40, None).expect("no error"));
    assert!(limiter.memory_growing(40, 90, None).expect("no error"));
    limiter
        .memory_grow_failed(wasmtime::Error::msg("no memory"))
        .expect("no error");
    assert_eq!(limiter.memory_bytes(), 40);
}

#[test]
fn a_table_beyond_its_limit_is_refused() {
    let mut limiter = limiter(100);
    assert!(limiter.table_growing(0, 10, None).expect("no error"));
    assert!(!limiter.table_growing(10, 11, None).expect("no error"));
}
