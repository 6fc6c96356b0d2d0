//! Who gets slots, and when.

use super::*;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime")
}

#[test]
fn slots_are_free_again_when_their_job_has_ended() {
    runtime().block_on(async {
        let slots = Slots::new(4);
        let taken = slots.take(3, Duration::from_secs(1)).await.expect("slots");
        assert_eq!(slots.total_and_free(), (4, 1));
        let refused = slots.take(2, Duration::from_millis(1)).await;
        assert!(refused.is_err(), "two were not free");
        drop(taken);
        assert_eq!(slots.total_and_free(), (4, 4));
    });
}

#[test]
fn a_job_that_can_never_run_holds_nobody_back() {
    runtime().block_on(async {
        let slots = Slots::new(4);
        let never = slots.take(5, Duration::from_millis(20));
        let fits = slots.take(4, Duration::from_secs(5));
        let (never, fits) = tokio::join!(never, fits);
        let why = never.expect_err("five of four").to_string();
        assert!(
            why.contains("needs 5 slots") && why.contains("4 in all"),
            "{why}"
        );
        assert!(fits.is_ok());
    });
}

#[test]
fn who_came_first_is_served_first() {
    runtime().block_on(async {
        let slots = Slots::new(2);
        let running = slots.take(2, Duration::from_secs(1)).await.expect("slots");
        let mut wide = Box::pin(slots.take(2, Duration::from_secs(5)));
        let mut narrow = Box::pin(slots.take(1, Duration::from_secs(5)));
        tokio::select! {
            biased;
            _ = &mut wide => panic!("nothing is free"),
            _ = &mut narrow => panic!("nothing is free"),
            () = std::future::ready(()) => {}
        }
        drop(running);
        let wide = wide.await.expect("the first in line");
        drop(wide);
        assert!(narrow.await.is_ok());
    });
}
