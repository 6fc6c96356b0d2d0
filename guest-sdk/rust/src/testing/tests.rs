//! What operators promise, shown through the harness: state, timers, side outputs, limits, caches.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Harness, Options};
use crate::prelude::*;

/// What the test operator is asked to do with its key's state.
#[derive(Record, Clone, Debug, PartialEq)]
struct Ask {
    key: String,
    what: i64,
    at: i64,
    value: i64,
}

/// Keeps a value, a list and a map, and shows all three on request.
struct Keeper {
    value: ValueState<i64>,
    list: ListState<i64>,
    map: MapState<i64, String>,
    odd: SideOutput<i64>,
}

fn odd() -> OutputTag<i64> {
    OutputTag::new("odd")
}

type Shown = (String, Option<i64>, Vec<i64>, BTreeMap<String, i64>);

impl KeyedProcess for Keeper {
    type Key = String;
    type In = Ask;
    type Out = Shown;

    fn process(
        &mut self,
        ask: Ask,
        ctx: &mut KeyedContext<'_, String>,
        out: &mut Collector<'_, Shown>,
    ) -> Outcome {
        assert_eq!(*ctx.key(), ask.key);
        match ask.what {
            0 => self.value.set(ask.value),
            1 => self.value.clear(),
            2 => self.list.add(ask.value),
            3 => self.list.clear(),
            4 => self.map.put(&ask.at, &ask.value.to_string()),
            5 => self.map.remove(&ask.at),
            6 => self.map.clear(),
            7 => assert_eq!(
                self.map.contains(&ask.at)?,
                self.map.get(&ask.at)?.is_some()
            ),
            _ => {}
        }
        if ask.value % 2 != 0 {
            self.odd.emit(ask.value);
        }
        let map = self.map.entries()?.into_iter();
        let map = map.map(|(at, value)| (format!("{at:+05}"), value.parse().unwrap_or(-1)));
        out.emit((ask.key, self.value.get(), self.list.get()?, map.collect()));
        Ok(())
    }
}

fn keeper(env: &mut Env) -> Result<(), JobError> {
    let cache: i64 = env.param("cache").default(1 << 14)?;
    env.cached_keys_max(cache as usize);
    let shown = env
        .source::<Ask>(Connector::new("test"))
        .key_by(|ask| ask.key.clone())
        .process(|ctx| Keeper {
            value: ctx.value_state("value"),
            list: ctx.list_state("list"),
            map: ctx.map_state("map"),
            odd: ctx.side_output(&odd()),
        })
        .uid("keeper");
    shown.side_output(&odd()).sink(Connector::new("test"));
    shown.sink(Connector::new("test"));
    Ok(())
}

/// The same by plain collections.
fn keeper_model(asks: &[Ask]) -> Vec<Shown> {
    let mut kept: BTreeMap<&str, Shown> = BTreeMap::new();
    let mut shown = Vec::new();
    for ask in asks {
        let state = kept.entry(&ask.key).or_default();
        state.0.clone_from(&ask.key);
        let at = format!("{:+05}", ask.at);
        match ask.what {
            0 => state.1 = Some(ask.value),
            1 => state.1 = None,
            2 => state.2.push(ask.value),
            3 => state.2.clear(),
            4 => drop(state.3.insert(at, ask.value)),
            5 => drop(state.3.remove(&at)),
            6 => state.3.clear(),
            _ => {}
        }
        shown.push(state.clone());
    }
    shown
}

fn asks() -> impl Strategy<Value = Vec<Vec<Ask>>> {
    let ask = ("[ab]{0,2}", 0i64..9, 0i64..4, 0i64..100).prop_map(|(key, what, at, value)| Ask {
        key,
        what,
        at,
        value,
    });
    prop::collection::vec(prop::collection::vec(ask, 1..15), 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn keyed_state_equals_plain_collections(
        batches in asks(),
        cache in 0i64..4,
        forget in any::<bool>(),
        soft in 1u32..500,
    ) {
        let options = Options {
            arguments: vec![("cache".to_owned(), cache.to_string())],
            forget_between_calls: forget,
            output_soft_bytes: soft,
            ..Options::default()
        };
        let mut harness = Harness::with_options(&keeper, &options).unwrap();
        for batch in &batches {
            harness.push(0, batch).unwrap();
        }
        let asks = batches.concat();
        prop_assert_eq!(harness.records::<Shown>(1).unwrap(), keeper_model(&asks));
        let odd: Vec<i64> = asks.iter().map(|ask| ask.value).filter(|value| value % 2 != 0).collect();
        prop_assert_eq!(harness.records::<i64>(0).unwrap(), odd);
    }
}

#[test]
fn a_batch_of_values_costs_one_read_and_one_write() {
    let mut harness = Harness::start(&keeper, &[]).unwrap();
    let asks: Vec<Ask> = (0..100)
        .map(|n| Ask {
            key: format!("key {}", n % 9),
            // The first record of every key only looks.
            what: if n < 9 { 9 } else { 0 },
            at: 0,
            value: 2 * n,
        })
        .collect();
    harness.push(0, &asks).unwrap();
    let calls = harness.host("keeper").unwrap().calls();
    assert_eq!((calls["get-many"], calls["put-many"]), (1, 1));
    let value: Option<i64> = harness
        .value("keeper", "value", &"key 0".to_owned())
        .unwrap();
    assert_eq!(value, Some(198));
}

/// Emits its input and remembers nothing.
fn fan_out(env: &mut Env) -> Result<(), JobError> {
    env.source::<i64>(Connector::new("test"))
        .flat_map(|n, out| (0..n).for_each(|i| out.emit(i)))
        .uid("fan-out")
        .sink(Connector::new("test"));
    Ok(())
}

#[test]
fn a_call_returns_early_when_its_output_is_large() {
    let options = Options {
        output_soft_bytes: 800,
        ..Options::default()
    };
    let mut harness = Harness::with_options(&fan_out, &options).unwrap();
    harness.push(0, &[50i64; 40]).unwrap();
    assert_eq!(harness.records::<i64>(0).unwrap().len(), 2000);
    let emits = harness.host("fan-out").unwrap().calls()["emit"];
    assert!(
        emits >= 20,
        "2000 records of 8 bytes need 20 calls, there were {emits}"
    );
}

/// Fires what it was asked for and deletes what it was asked to.
struct Alarm;

impl KeyedProcess for Alarm {
    type Key = i64;
    type In = (i64, i64, i64);
    type Out = String;

    fn process(
        &mut self,
        (_, what, time): (i64, i64, i64),
        ctx: &mut KeyedContext<'_, i64>,
        _out: &mut Collector<'_, String>,
    ) -> Outcome {
        match what {
            0 => ctx.register_event_timer(time),
            1 => ctx.delete_event_timer(time),
            2 => ctx.register_processing_timer(time),
            _ => ctx.delete_processing_timer(time),
        }
        Ok(())
    }

    fn on_timer(
        &mut self,
        domain: TimeDomain,
        ctx: &mut KeyedContext<'_, i64>,
        out: &mut Collector<'_, String>,
    ) -> Outcome {
        out.emit(format!("{domain:?} {} {:?}", ctx.key(), ctx.timestamp()));
        Ok(())
    }
}

#[test]
fn timers_fire_once_in_order_unless_deleted() {
    let job = |env: &mut Env| {
        env.source::<(i64, i64, i64)>(Connector::new("test"))
            .key_by(|ask| ask.0)
            .process(|_| Alarm)
            .sink(Connector::new("test"));
        Ok(())
    };
    let mut harness = Harness::start(&job, &[]).unwrap();
    // Registered twice; deleted, then registered; registered, then deleted.
    let asks = [
        (1, 0, 20),
        (1, 0, 20),
        (2, 1, 10),
        (2, 0, 10),
        (3, 0, 15),
        (3, 1, 15),
        (4, 2, 5),
    ];
    harness.push(0, &asks).unwrap();
    harness.advance_watermark(19).unwrap();
    harness.set_clock(5).unwrap();
    harness.push(0, &[(5i64, 0i64, 7i64)]).unwrap();
    harness.finish().unwrap();
    let fired = harness.output::<String>(0).unwrap();
    let texts: Vec<_> = fired
        .iter()
        .map(|emitted| emitted.record.as_str())
        .collect();
    assert_eq!(
        texts,
        [
            "Event 2 Some(10)",
            "Processing 4 None",
            "Event 5 Some(7)",
            "Event 1 Some(20)"
        ]
    );
    assert_eq!(fired[0].timestamp, Some(10));
    assert_eq!(fired[1].timestamp, None);
}

/// Sees the watermark of its place and speaks last.
struct Watcher;

impl Process for Watcher {
    type In = i64;
    type Out = (i64, i64);

    fn process(
        &mut self,
        n: i64,
        ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, (i64, i64)>,
    ) -> Outcome {
        out.emit((n, ctx.watermark()));
        if n < 0 {
            Err(Error::from("negative"))
        } else {
            Ok(())
        }
    }

    fn finish(
        &mut self,
        ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, (i64, i64)>,
    ) -> Outcome {
        out.emit((-1, ctx.watermark()));
        Ok(())
    }
}

fn watch(env: &mut Env) -> Result<(), JobError> {
    let first = env.source::<i64>(Connector::new("a"));
    let second = env.source::<i64>(Connector::new("b"));
    first
        .assign_timestamps(|n| *n, Watermarks::bounded_ms(10))
        .union(&second.filter(|n| n % 2 == 0))
        .process(|_| Watcher)
        .sink(Connector::new("test"));
    Ok(())
}

#[test]
fn watermarks_are_the_least_of_all_inputs() {
    for chain in [true, false] {
        let options = Options {
            chain,
            ..Options::default()
        };
        let mut harness = Harness::with_options(&watch, &options).unwrap();
        harness.push(0, &[100i64]).unwrap();
        harness.push(1, &[2i64, 3]).unwrap();
        harness.advance_watermark(50).unwrap();
        harness.push(1, &[4i64]).unwrap();
        harness.finish().unwrap();
        let seen = harness.records::<(i64, i64)>(0).unwrap();
        assert_eq!(
            seen,
            [(100, i64::MIN), (2, i64::MIN), (4, 50), (-1, i64::MAX)]
        );
    }
}

#[test]
fn a_failed_record_is_named_and_leaves_no_trace() {
    let mut harness = Harness::start(&watch, &[]).unwrap();
    let failure = harness.push(0, &[1i64, -3, 5]).unwrap_err();
    assert_eq!(
        (failure.record, failure.to_string()),
        (Some(1), "negative".to_owned())
    );
    assert!(harness.records::<(i64, i64)>(0).unwrap().is_empty());
}

#[test]
fn one_stream_feeds_several_operators() {
    let job = |env: &mut Env| {
        let numbers = env.source::<i64>(Connector::new("test")).map(|n| n + 1);
        numbers.clone().map(|n| n * 2).sink(Connector::new("test"));
        numbers
            .clone()
            .filter(|n| n % 2 == 0)
            .sink(Connector::new("test"));
        numbers.sink(Connector::new("test"));
        Ok(())
    };
    let mut harness = Harness::start(&job, &[]).unwrap();
    harness.push(0, &[1i64, 2]).unwrap();
    let outputs = [0, 1, 2].map(|sink| harness.records::<i64>(sink).unwrap());
    assert_eq!(outputs, [vec![4, 6], vec![2], vec![2, 3]]);
}
