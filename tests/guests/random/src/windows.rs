//! The window of a described job and its results.

use wasmill_sdk::json::Value;
use wasmill_sdk::prelude::*;

use crate::spec::number;
use crate::{Out, Sums};

/// Adds the records of a window up, as an aggregate.
struct Add;

impl Aggregate<Sums> for Add {
    type Acc = Sums;
    type Out = Sums;

    fn create(&self) -> Sums {
        Sums {
            key: 0,
            ts: i64::MIN,
            count: 0,
            sum: 0,
            least: i64::MAX,
            most: i64::MIN,
        }
    }

    fn add(&self, acc: &mut Sums, record: &Sums) {
        *acc = Sums {
            key: record.key,
            ..acc.and(record)
        };
    }

    fn merge(&self, acc: &mut Sums, later: &Sums) {
        let key = acc.key.max(later.key);
        *acc = Sums {
            key,
            ..acc.and(later)
        };
    }

    fn result(&self, acc: &Sums) -> Sums {
        acc.clone()
    }
}

fn assigned(keyed: KeyedStream<i64, Sums>, window: &Value) -> WindowedStream<i64, Sums> {
    let (size, slide) = (number(window, "size", 1), number(window, "slide", 1));
    let offset = number(window, "offset", 0);
    match window["kind"].as_str() {
        Some("sliding") => keyed.window(Sliding::of_ms(size, slide).offset_ms(offset)),
        Some("session") => keyed.window(Session::with_gap_ms(size)),
        Some("count") => keyed.count_window(size),
        Some("count-sliding") => keyed.count_window_sliding(size, slide),
        Some(_) | None => keyed.window(Tumbling::of_ms(size).offset_ms(offset)),
    }
}

/// The results of the window, its late records, and the windows of its results, as the description asks for them.
pub(crate) fn of(stream: Stream<Sums>, spec: &Value) -> Stream<Out> {
    let mut windowed = assigned(stream.key_by(|sums| sums.key), &spec["window"]);
    let every = number(spec, "every", 1);
    windowed = match spec["trigger"].as_str() {
        Some("count") => windowed.trigger(CountTrigger::of(every)),
        Some("purging-count") => windowed.trigger(PurgingTrigger(CountTrigger::of(every))),
        Some("continuous") => windowed.trigger(ContinuousEventTimeTrigger::of_ms(every)),
        Some(_) | None => windowed,
    };
    let lateness = number(spec, "lateness", 0);
    if lateness > 0 {
        windowed = windowed.allowed_lateness_ms(lateness);
    }
    let tag = OutputTag::<Sums>::new("late");
    let has_late = spec["late"].as_bool() == Some(true);
    if has_late {
        windowed = windowed.late_output(&tag);
    }
    let results = match spec["function"].as_str() {
        Some("reduce") => windowed.reduce_with(
            |a, b| a.and(&b),
            |_, window: Window, sums: &Sums, out| out.emit(sums.out(0, window)),
        ),
        Some("process") => windowed.process(|_, window, records, out| {
            let mut records = records.iter().map(|timestamped| &timestamped.record);
            if let Some(first) = records.next() {
                let sums = records.fold(first.clone(), |sums, record| sums.and(record));
                out.emit(sums.out(0, window));
            }
        }),
        Some(_) | None => windowed.aggregate_with(Add, |_, window: Window, sums: Sums, out| {
            out.emit(sums.out(0, window));
        }),
    }
    .uid("window");
    if has_late {
        let late = results.side_output(&tag);
        let nowhere = Window { start: 0, end: 0 };
        return results.union(&late.map(move |sums| sums.out(1, nowhere)));
    }
    match spec["second"].as_i64() {
        Some(size) => second(results, size),
        None => results,
    }
}

/// Windows over the results of all keys.
fn second(results: Stream<Out>, size: i64) -> Stream<Out> {
    results
        .map(|out| Sums {
            key: 0,
            ts: out.end - 1,
            count: 1,
            sum: out.sum,
            least: out.least,
            most: out.most,
        })
        .key_by(|_| 0)
        .window(Tumbling::of_ms(size))
        .aggregate_with(Add, |_, window: Window, sums: Sums, out| {
            out.emit(sums.out(2, window));
        })
}
