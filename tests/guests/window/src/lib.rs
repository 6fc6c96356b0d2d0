//! Windows of every kind over generated bids, one kind a run: the parameter `case` chooses it.
//!
//! Results go to `out/main`, side outputs to `out/side`, both as lines. With `ordered` one subtask reads, so that the
//! records of a key come in one order at any parallelism.

mod own;

use wasmill_sdk::prelude::*;

use crate::own::{AtEven, ByPrice, EvenOnly, SumAndDearest, WithinMinute, sum_prices};

/// A bid of the generator.
#[derive(Record, Clone, Debug, PartialEq)]
pub(crate) struct Bid {
    pub(crate) auction: i64,
    pub(crate) bidder: i64,
    pub(crate) price: i64,
    pub(crate) ts: i64,
}

/// The result of a window.
#[derive(Record, Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) key: i64,
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) value: i64,
}

/// What a run was asked for.
struct Run {
    case: String,
    n: i64,
    keys: i64,
    epm: i64,
    rate: i64,
    out: String,
    bound: i64,
    ordered: bool,
    size: i64,
    slide: i64,
    lateness: i64,
}

impl Run {
    fn ask(env: &mut Env) -> Result<Self, JobError> {
        Ok(Self {
            case: env.param("case").describe("which windows").required()?,
            n: env.param("n").describe("how many bids").default(10_000)?,
            keys: env
                .param("keys")
                .describe("how many auctions")
                .default(10)?,
            epm: env
                .param("epm")
                .describe("bids in a millisecond")
                .default(1)?,
            rate: env
                .param("rate")
                .describe("bids a second, 0 for all at once")
                .default(0)?,
            out: env.param("out").describe("where results go").required()?,
            bound: env.param("bound").describe("disorder in ms").default(100)?,
            ordered: env.param("ordered").describe("one reader").default(false)?,
            size: env
                .param("size")
                .describe("size or gap in ms or records")
                .default(10_000)?,
            slide: env
                .param("slide")
                .describe("slide in ms or records")
                .default(4_000)?,
            lateness: env
                .param("lateness")
                .describe("allowed lateness in ms")
                .default(0)?,
        })
    }

    fn bids(&self, env: &mut Env) -> Stream<Bid> {
        let generator = Generator::bids()
            .count(self.n)
            .keys(self.keys)
            .per_ms(self.epm);
        let generator = match self.rate {
            0 => generator,
            rate => generator.rate(rate),
        };
        let source = env.source::<Bid>(generator).uid("bids");
        let source = if self.ordered {
            source.parallelism(1)
        } else {
            source
        };
        let timed = source.assign_timestamps(|bid| bid.ts, Watermarks::bounded_ms(self.bound));
        if self.ordered {
            timed.parallelism(1)
        } else {
            timed
        }
    }

    fn sink<T: wasmill_sdk::Row>(&self, rows: Stream<T>, folder: &str) {
        let path = format!("{}/{folder}", self.out);
        rows.sink(Connector::new("text-files").with("path", path))
            .uid(folder);
    }

    /// The windows of a case by key.
    fn windows(&self, bids: KeyedStream<i64, Bid>) -> Option<WindowedStream<i64, Bid>> {
        let (size, slide) = (self.size, self.slide);
        Some(match self.case.as_str() {
            "tumbling" | "aggregates" | "all-records" => bids.window(Tumbling::of_ms(size)),
            "offset" => bids.window(Tumbling::of_ms(size).offset_ms(slide)),
            "sliding" => bids.window(Sliding::of_ms(size, slide)),
            "processing" => bids.window(Tumbling::of_ms(size).processing_time()),
            "processing-sliding" => bids.window(Sliding::of_ms(size, slide).processing_time()),
            "session" => bids.window(Session::with_gap_ms(size)),
            "session-by-record" => {
                bids.window(Session::with_dynamic_gap(|bid: &Bid| 100 + bid.price % 900))
            }
            "session-processing" => bids.window(Session::with_gap_ms(size).processing_time()),
            "count" => bids.count_window(size),
            "count-sliding" => bids.count_window_sliding(size, slide),
            "global" => bids.window(GlobalWindows),
            "global-count" => bids.window(GlobalWindows).trigger(CountTrigger::of(size)),
            "own-assigner" => bids.window(ByPrice),
            "own-sessions" => bids.window(WithinMinute(size)),
            "own-trigger" => bids.window(Tumbling::of_ms(size)).trigger(AtEven),
            "own-evictor" => bids.window(Tumbling::of_ms(size)).evictor(EvenOnly),
            "purging" => bids
                .window(Tumbling::of_ms(size))
                .trigger(PurgingTrigger(CountTrigger::of(slide))),
            "session-count" => bids
                .window(Session::with_gap_ms(size))
                .trigger(CountTrigger::of(slide)),
            "continuous" => bids
                .window(Tumbling::of_ms(size))
                .trigger(ContinuousEventTimeTrigger::of_ms(slide)),
            "continuous-processing" => bids.window(GlobalWindows).trigger(PurgingTrigger(
                ContinuousProcessingTimeTrigger::of_ms(slide),
            )),
            "delta" => bids
                .window(GlobalWindows)
                .trigger(DeltaTrigger::of(slide as f64, |last: &Bid, bid: &Bid| {
                    (bid.ts - last.ts) as f64
                })),
            "never" => bids.window(Tumbling::of_ms(size)).trigger(NeverTrigger),
            "evict-count" => bids
                .window(Tumbling::of_ms(size))
                .evictor(CountEvictor::of(slide)),
            "evict-count-after" => bids
                .window(GlobalWindows)
                .trigger(CountTrigger::of(slide))
                .evictor(CountEvictor::of(slide / 2).after()),
            "evict-time" => bids
                .window(Tumbling::of_ms(size))
                .evictor(TimeEvictor::of_ms(slide)),
            "evict-delta" => bids
                .window(Tumbling::of_ms(size))
                .evictor(DeltaEvictor::of(slide as f64, |bid: &Bid, last: &Bid| {
                    (bid.price - last.price).abs() as f64
                })),
            "evict-incremental" => bids
                .window(Tumbling::of_ms(size))
                .evictor(CountEvictor::of(slide)),
            "delta-session" => bids
                .window(Session::with_gap_ms(size))
                .trigger(DeltaTrigger::of(1.0, |_: &Bid, _: &Bid| 0.0)),
            _ => return None,
        })
    }
}

#[wasmill_sdk::job]
fn windows(env: &mut Env) -> Result<(), JobError> {
    let run = Run::ask(env)?;
    let function: String = env
        .param("function")
        .describe("`sum` incrementally, `all` records, `both`, or `side`")
        .default("sum")?;
    let bids = run.bids(env);
    if let Some(rows) = unkeyed(&run, bids.clone()) {
        run.sink(rows, "main");
        return Ok(());
    }
    let late = OutputTag::<Bid>::new("late");
    let Some(windows) = run.windows(bids.key_by(|bid| bid.auction)) else {
        return Err(Error::from(format!("there is no case {}", run.case)));
    };
    let windows = windows.allowed_lateness_ms(run.lateness).late_output(&late);
    let (rows, late) = results(&run, windows, &function, &late);
    run.sink(late, "side");
    run.sink(rows, "main");
    Ok(())
}

/// Windows of the whole stream.
fn unkeyed(run: &Run, bids: Stream<Bid>) -> Option<Stream<Row>> {
    let row = |window: Window, value, out: &mut Collector<'_, Row>| {
        out.emit(Row {
            key: 0,
            start: window.start,
            end: window.end,
            value,
        });
    };
    let all = move |window: Window, bids: &[Timestamped<Bid>], out: &mut Collector<'_, Row>| {
        row(window, bids.iter().map(|bid| bid.record.price).sum(), out);
    };
    Some(match run.case.as_str() {
        "all" => bids
            .window_all(Tumbling::of_ms(run.size))
            .aggregate_with(Sum(|bid: &Bid| bid.price), row),
        "all-sessions" => bids.window_all(Session::with_gap_ms(run.size)).process(all),
        "all-parallel" => bids
            .window_all(Tumbling::of_ms(run.size))
            .process(all)
            .parallelism(3),
        "count-all" => bids.count_window_all(run.size).process(all),
        "count-all-sliding" => bids
            .count_window_all_sliding(run.size, run.slide)
            .aggregate_with(Sum(|bid: &Bid| bid.price), row),
        _ => return None,
    })
}

/// The window function of a case: its results and the late bids.
fn results(
    run: &Run,
    windows: WindowedStream<i64, Bid>,
    function: &str,
    late: &OutputTag<Bid>,
) -> (Stream<Row>, Stream<Bid>) {
    let row = |key: &i64, window: Window, value: i64, out: &mut Collector<'_, Row>| {
        out.emit(Row {
            key: *key,
            start: window.start,
            end: window.end,
            value,
        });
    };
    let rows = match function {
        "max" => return apart(windows.max(|bid| bid.price), late, value_row),
        "min" => return apart(windows.min(|bid| bid.price), late, value_row),
        "count" => return apart(windows.count(), late, value_row),
        "avg" => return apart(windows.avg(|bid| bid.price), late, mean_row),
        "max_by" => {
            let best = windows.max_by(|bid| (bid.price, bid.bidder));
            return apart(best, late, bid_row);
        }
        "min_by" => {
            let best = windows.min_by(|bid| (bid.price, bid.bidder));
            return apart(best, late, bid_row);
        }
        "all" => windows.process(sum_prices),
        "side" => {
            let tag = OutputTag::<Bid>::new("dearest");
            let make_tag = OutputTag::<Bid>::new("dearest");
            let rows = windows.process_with(move |ctx| SumAndDearest {
                dearest: ctx.side_output(&make_tag),
            });
            run.sink(rows.side_output(&tag), "dearest");
            rows
        }
        "reduce" => windows.reduce_with(
            |a, b| Bid {
                price: a.price + b.price,
                ..a
            },
            move |key, window, sum, out| row(key, window, sum.price, out),
        ),
        _ => windows.aggregate_with(Sum(|bid: &Bid| bid.price), row),
    };
    apart(rows, late, Row::clone)
}

/// The results as rows, and the late bids.
fn apart<T: wasmill_sdk::Row>(
    results: Stream<T>,
    late: &OutputTag<Bid>,
    row: impl Fn(&T) -> Row + 'static,
) -> (Stream<Row>, Stream<Bid>) {
    let results = results.uid("windows");
    let late = results.side_output(late);
    (results.map(move |result| row(&result)), late)
}

fn value_row(row: &Windowed<i64, i64>) -> Row {
    Row {
        key: row.key,
        start: row.window_start,
        end: row.window_end,
        value: row.value,
    }
}

fn mean_row(row: &Windowed<i64, f64>) -> Row {
    Row {
        key: row.key,
        start: row.window_start,
        end: row.window_end,
        value: (row.value * 1000.0) as i64,
    }
}

fn bid_row(bid: &Bid) -> Row {
    Row {
        key: bid.auction,
        start: 0,
        end: bid.bidder,
        value: bid.price,
    }
}
