//! Drawing jobs: which combinations a family has, and their records.

use super::spec::{Event, How, Source, Spec, Trigger, Window};
use crate::support::oracle::random;

/// Jobs that are checked in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// Tumbling and sliding windows, no record late.
    Time,
    /// Sessions, no record late.
    Sessions,
    /// Windows of counts, and counting triggers.
    Counts,
    /// Early results.
    Early,
    /// Late records.
    Late,
}

/// Random numbers of a seed.
pub(super) struct Draw {
    seed: u64,
    drawn: u64,
}

impl Draw {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, drawn: 0 }
    }

    fn next(&mut self) -> u64 {
        self.drawn += 1;
        random(self.drawn, self.seed)
    }

    /// A number between both, inclusive.
    fn between(&mut self, least: i64, most: i64) -> i64 {
        least + (self.next() % (most - least + 1).unsigned_abs()) as i64
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.next().is_multiple_of(many)
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[(self.next() % from.len() as u64) as usize]
    }
}

/// What the records of all sources have in common.
#[derive(Clone, Copy)]
struct Shape {
    keys: i64,
    /// Milliseconds from one record to the next.
    step: i64,
    start: i64,
    /// How far records are out of order.
    disorder: i64,
    /// Values other than 1.
    has_values: bool,
}

impl Spec {
    /// Draws a job.
    pub(super) fn draw(draw: &mut Draw, family: Family) -> Self {
        let how = how(draw);
        let is_late = family == Family::Late;
        let shape = Shape {
            keys: draw.pick(&[1, 2, 5, 40, 1000]),
            step: draw.pick(&[0, 1, 3, 20]),
            start: draw.pick(&[0, -5000, 1_700_000_000_000]),
            disorder: draw.pick(&[0, 1, 10, 60]) * if is_late { 4 } else { 1 },
            has_values: true,
        };
        let mut spec = Self {
            sources: Vec::new(),
            window: time_window(draw),
            trigger: Trigger::Default,
            function: draw.pick(&["aggregate", "reduce", "process"]),
            lateness: 0,
            late_output: false,
            second: None,
            cached: draw.pick(&[0, 3, 16_384]),
            has_late: is_late,
            how,
        };
        match family {
            Family::Time => {
                spec.lateness = draw.pick(&[0, 0, 7, 1000]);
                spec.second = draw.one_in(3).then(|| draw.between(1, 300));
            }
            // Timestamps are even: no two records are exactly a gap apart, where it matters which one comes first.
            Family::Sessions => {
                spec.window = Window::Session(2 * draw.between(0, 60) + 1);
                spec.second = draw.one_in(3).then(|| draw.between(1, 300));
            }
            Family::Counts => spec.draw_counts(draw),
            Family::Early => spec.trigger = Trigger::Continuous(draw.between(1, 60)),
            Family::Late => {
                spec.late_output = draw.one_in(2);
                match draw.between(0, 2) {
                    0 => spec.window = Window::Session(2 * draw.between(0, 30) + 1),
                    1 => {
                        let (size, gap) = (draw.between(1, 100), draw.between(0, 30));
                        spec.window = Window::Time(size, size + gap, 0);
                        spec.lateness = draw.pick(&[0, 10, 100]);
                    }
                    _ => {
                        let size = draw.between(1, 100);
                        spec.window = Window::Time(size, size, draw.between(0, size - 1));
                        spec.lateness = draw.pick(&[0, 10, 100]);
                    }
                }
            }
        }
        spec.draw_sources(draw, family, shape);
        spec
    }

    fn draw_counts(&mut self, draw: &mut Draw) {
        let every = draw.between(1, 7);
        match draw.between(0, 3) {
            0 => self.window = Window::Count(every, every),
            1 => self.window = Window::Count(draw.between(1, 9), every),
            2 => self.trigger = Trigger::Count(every),
            _ => self.trigger = Trigger::PurgingCount(every),
        }
    }

    fn draw_sources(&mut self, draw: &mut Draw, family: Family, mut shape: Shape) {
        let sources = draw.pick(&[1, 1, 2, 3]);
        // Which records a count takes depends on their order, which several subtasks do not have.
        let has_order = sources == 1 && self.how.parallelism == 1;
        shape.has_values = family != Family::Counts || has_order;
        let drift = draw.one_in(3).then(|| draw.between(0, 200));
        let most = match family {
            Family::Late => 3000,
            _ if draw.one_in(8) => 1500,
            _ => 200,
        };
        for _ in 0..sources {
            let empty = draw.one_in(8);
            let count = if empty {
                0
            } else {
                draw.between(1, most / sources)
            };
            let events = events(draw, shape, count);
            self.sources
                .push(source(draw, family, shape, events, drift));
        }
    }
}

fn how(draw: &mut Draw) -> How {
    How {
        parallelism: draw.pick(&[1, 1, 2, 3, 4]),
        backend: draw.pick(&["heap", "heap", "heap", "rocksdb"]),
        checkpoints: draw.one_in(4),
        buffer_timeout: draw.pick(&["0ms", "1ms", "50ms"]),
        network_memory: draw.pick(&["1MiB", "64MiB"]),
    }
}

/// Windows of time that may overlap or leave gaps.
fn time_window(draw: &mut Draw) -> Window {
    let slide = draw.between(1, 120);
    let size = match draw.between(0, 3) {
        0 | 1 => slide,
        2 => slide * draw.between(1, 4) + draw.between(0, 30),
        _ => draw.between(1, slide),
    };
    Window::Time(size, slide, draw.between(1 - slide, slide - 1))
}

fn events(draw: &mut Draw, shape: Shape, count: i64) -> Vec<Event> {
    let event = |n: i64| {
        let late_by = draw.between(0, shape.disorder);
        let ts = shape.start + n * shape.step - late_by;
        Event {
            key: draw.between(0, shape.keys - 1),
            ts: ts - ts.rem_euclid(2),
            value: if shape.has_values {
                draw.between(-50, 50)
            } else {
                1
            },
            mark: None,
        }
    };
    (0..count).map(event).collect()
}

/// A source whose strategy fits its records, unless they are to be late.
fn source(
    draw: &mut Draw,
    family: Family,
    shape: Shape,
    mut events: Vec<Event>,
    drift: Option<i64>,
) -> Source {
    // Rounding to even timestamps adds one.
    let disorder = shape.disorder + 1;
    let strategy = match draw.between(0, 7) {
        0 if shape.disorder == 0 => "monotonic",
        1 => "none",
        2 | 3 => "punctuated",
        _ => "bounded",
    };
    let bound = if family == Family::Late {
        draw.between(0, shape.disorder / 4)
    } else {
        disorder + draw.pick(&[0, 0, 50])
    };
    if strategy == "punctuated" {
        let mut latest = i64::MIN / 2;
        for event in &mut events {
            latest = latest.max(event.ts);
            event.mark = draw.one_in(10).then(|| latest - bound - 1);
        }
    }
    Source {
        strategy,
        bound: if strategy == "bounded" { bound } else { 0 },
        drift: drift.filter(|_| strategy != "none"),
        events,
    }
}
