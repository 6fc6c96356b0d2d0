//! State that expires, through the harness: what is dead is never seen, its space is given back, and its cleanup is
//! hidden from user logic, whatever the cache does.

use proptest::prelude::*;

use crate::prelude::*;
use crate::testing::{Harness, Options};

/// Keeps the last number of a key in a value, all of them in a list and, by their last digit, in a map.
struct Keep {
    value: TtlValueState<i64>,
    list: TtlListState<i64>,
    map: TtlMapState<i64, i64>,
}

impl KeyedProcess for Keep {
    type Key = i64;
    type In = (i64, i64);
    type Out = (i64, i64, i64, i64);

    fn process(
        &mut self,
        (key, number): (i64, i64),
        _ctx: &mut KeyedContext<'_, i64>,
        out: &mut Collector<'_, Self::Out>,
    ) -> Outcome {
        let map = self.map.entries()?.iter().map(|it| it.1).sum();
        let list = self.list.get()?.iter().sum();
        out.emit((key, self.value.get().unwrap_or(-1), list, map));
        self.value.set(number);
        self.list.add(number);
        self.map.put(&(number % 10), &number);
        Ok(())
    }

    fn on_timer(
        &mut self,
        _domain: TimeDomain,
        _ctx: &mut KeyedContext<'_, i64>,
        _out: &mut Collector<'_, Self::Out>,
    ) -> Outcome {
        Err("a timer that nobody has registered".into())
    }
}

fn job(env: &mut Env) -> Result<(), JobError> {
    let is_processing: bool = env.param("processing").default(false)?;
    let mut ttl = Ttl::of_ms(100);
    if is_processing {
        ttl = ttl.processing_time();
    }
    env.source::<(i64, i64)>(Connector::new("numbers"))
        .key_by(|it| it.0)
        .process(move |ctx| Keep {
            value: ctx.ttl(ttl).value_state("value"),
            list: ctx.ttl(ttl).list_state("list"),
            map: ctx.ttl(ttl).map_state("map"),
        })
        .uid("keep")
        .sink(Print::new());
    Ok(())
}

fn start(is_processing: bool) -> Harness<'static> {
    let argument = ("processing", if is_processing { "true" } else { "false" });
    Harness::start(&job, &[argument]).expect("the job starts")
}

fn held(harness: &Harness<'_>) -> (usize, usize) {
    let host = harness.host("keep").expect("the operator has a host");
    (host.value_count(), host.timer_count())
}

#[test]
fn space_is_given_back_when_event_time_has_passed() {
    let mut harness = start(false);
    harness
        .push_at(0, &[((1, 7), 1000), ((1, 8), 1060), ((2, 9), 1000)])
        .unwrap();
    // Two lists, two values, three entries of maps.
    assert_eq!(held(&harness).0, 7);
    harness.advance_watermark(1150).unwrap();
    // The timers of 1100 and 1150 have taken what was written at 1000.
    assert_eq!(held(&harness).0, 3);
    harness.advance_watermark(1200).unwrap();
    assert_eq!(held(&harness), (0, 0));
}

#[test]
fn processing_time_goes_by_the_clock_of_the_operator() {
    let mut harness = start(true);
    harness.set_clock(1000).unwrap();
    harness.push(0, &[(1i64, 7i64)]).unwrap();
    harness.set_clock(1099).unwrap();
    harness.push(0, &[(1i64, 8i64)]).unwrap();
    harness.set_clock(1199).unwrap();
    harness.push(0, &[(1i64, 9i64)]).unwrap();
    let told = harness.records::<(i64, i64, i64, i64)>(0).unwrap();
    assert_eq!(told, [(1, -1, 0, 0), (1, 7, 7, 7), (1, -1, 0, 0)]);
    harness.set_clock(2000).unwrap();
    assert_eq!(held(&harness), (0, 0));
}

#[test]
fn event_time_that_is_not_there_is_an_error() {
    let mut harness = start(false);
    let failure = harness.push(0, &[(1i64, 7i64)]).unwrap_err();
    assert!(
        failure.to_string().contains("expires by event time"),
        "{failure}"
    );
}

proptest! {
    #[test]
    fn what_is_seen_equals_the_naive_model(
        steps in prop::collection::vec((0i64..3, 0i64..100, 0i64..80), 1..60),
        forget in any::<bool>(),
        watermarks in any::<bool>(),
    ) {
        let options = Options { forget_between_calls: forget, ..Options::default() };
        let mut harness = Harness::with_options(&job, &options).expect("the job starts");
        let (mut expected, mut written) = (Vec::new(), Vec::<(i64, i64, i64)>::new());
        let mut now = 1000;
        for (key, number, later) in steps {
            now += later;
            harness.push_at(0, &[((key, number), now)]).unwrap();
            if watermarks {
                harness.advance_watermark(now - 1).unwrap();
            }
            let lives = |it: &&(i64, i64, i64)| it.0 == key && it.2 + 100 > now;
            let living: Vec<_> = written.iter().filter(lives).collect();
            let value = living.last().map_or(-1, |it| it.1);
            let list: i64 = living.iter().map(|it| it.1).sum();
            let of_digit = |digit| living.iter().rev().find(|it| it.1 % 10 == digit);
            let map: i64 = (0..10).filter_map(of_digit).map(|it| it.1).sum();
            expected.push((key, value, list, map));
            written.push((key, number, now));
        }
        let told = harness.records::<(i64, i64, i64, i64)>(0).unwrap();
        prop_assert_eq!(told, expected);
        harness.advance_watermark(i64::MAX).unwrap();
        prop_assert_eq!(held(&harness), (0, 0));
    }
}
