//! What a job must give: its records sorted into windows by the definitions, one record after the other.
//!
//! Shares nothing with the engine or the SDK, and knows no watermarks: where those matter, only bounds are computed.

use std::collections::BTreeMap;

use super::spec::{Event, Source, Spec, Trigger, Window};

/// A line of a result: stage, key, start and end of the window, count, sum, least, most.
pub(super) type Line = [i64; 8];

/// A window of a key: key, start, end.
pub(super) type Pane = (i64, i64, i64);

/// The bounds of the one window of windows of counts.
const ALWAYS: (i64, i64) = (i64::MIN, i64::MAX);

/// A line of these records.
pub(super) fn line(stage: i64, (key, start, end): Pane, events: &[Event]) -> Line {
    let values = events.iter().map(|event| event.value);
    [
        stage,
        key,
        start,
        end,
        events.len() as i64,
        values.clone().sum(),
        values.clone().min().unwrap_or(0),
        values.max().unwrap_or(0),
    ]
}

/// The windows of time that a timestamp is in.
fn windows_of(ts: i64, size: i64, slide: i64, offset: i64) -> Vec<(i64, i64)> {
    let mut start = ts - (ts - offset).rem_euclid(slide);
    let mut windows = Vec::new();
    while start + size > ts {
        windows.push((start, start + size));
        start -= slide;
    }
    windows
}

/// The records of each window, in the order of the sources.
pub(super) fn panes(spec: &Spec) -> BTreeMap<Pane, Vec<Event>> {
    let mut panes: BTreeMap<Pane, Vec<Event>> = BTreeMap::new();
    match spec.window {
        Window::Time(size, slide, offset) => {
            for event in spec.events() {
                for (start, end) in windows_of(event.ts, size, slide, offset) {
                    panes
                        .entry((event.key, start, end))
                        .or_default()
                        .push(*event);
                }
            }
        }
        Window::Session(gap) => {
            let mut by_key: BTreeMap<i64, Vec<Event>> = BTreeMap::new();
            for event in spec.events() {
                by_key.entry(event.key).or_default().push(*event);
            }
            for (key, mut events) in by_key {
                events.sort_by_key(|event| event.ts);
                for session in events.chunk_by(|a, b| b.ts - a.ts <= gap) {
                    let (first, last) = (session[0].ts, session[session.len() - 1].ts);
                    panes.insert((key, first, last + gap), session.to_vec());
                }
            }
        }
        Window::Count(..) => {
            for event in spec.events() {
                let pane = (event.key, ALWAYS.0, ALWAYS.1);
                panes.entry(pane).or_default().push(*event);
            }
        }
    }
    panes
}

/// How many records no window takes.
pub(super) fn in_no_window(spec: &Spec) -> u64 {
    let Window::Time(size, slide, offset) = spec.window else {
        return 0;
    };
    let gaps = spec
        .events()
        .filter(|event| windows_of(event.ts, size, slide, offset).is_empty());
    gaps.count() as u64
}

/// Every result of a job without late records and early results.
pub(super) fn results(spec: &Spec) -> Vec<Line> {
    let mut lines = Vec::new();
    for (pane, events) in panes(spec) {
        match (spec.window, spec.trigger) {
            (Window::Count(size, slide), _) => {
                for end in (1..=events.len()).filter(|end| end % slide as usize == 0) {
                    let from = end.saturating_sub(size as usize);
                    lines.push(line(0, pane, &events[from..end]));
                }
            }
            (_, Trigger::Count(every)) => {
                for end in (1..=events.len()).filter(|end| end % every as usize == 0) {
                    lines.push(line(0, pane, &events[..end]));
                }
            }
            (_, Trigger::PurgingCount(every)) => {
                let whole = events.chunks_exact(every as usize);
                lines.extend(whole.map(|chunk| line(0, pane, chunk)));
            }
            (_, Trigger::Default | Trigger::Continuous(_)) => lines.push(line(0, pane, &events)),
        }
    }
    match spec.second {
        Some(size) => windows_of_results(&lines, size),
        None => lines,
    }
}

/// Windows over the results of all keys; a result is at the last millisecond of its window.
fn windows_of_results(lines: &[Line], size: i64) -> Vec<Line> {
    let mut seconds: BTreeMap<i64, Line> = BTreeMap::new();
    for [_, _, _, end, _, sum, least, most] in lines {
        let start = (end - 1) - (end - 1).rem_euclid(size);
        let empty = [2, 0, start, start + size, 0, 0, i64::MAX, i64::MIN];
        let second = seconds.entry(start).or_insert(empty);
        second[4] += 1;
        second[5] += sum;
        second[6] = second[6].min(*least);
        second[7] = second[7].max(*most);
    }
    seconds.into_values().collect()
}

/// The records of a source that cannot have been late for their window, whatever the interleaving: the watermark is
/// never further than the records of their own source allow.
pub(super) fn on_time<'a>(spec: &'a Spec, source: &'a Source) -> impl Iterator<Item = &'a Event> {
    let mut watermark = i64::MIN;
    source.events.iter().filter(move |event| {
        let Window::Time(size, slide, offset) = spec.window else {
            return false;
        };
        let windows = windows_of(event.ts, size, slide, offset);
        let is_on_time = windows
            .iter()
            .any(|(_, end)| end - 1 + spec.lateness > watermark);
        let said = match source.strategy {
            "bounded" => event.ts - source.bound - 1,
            "monotonic" => event.ts - 1,
            "punctuated" => event.mark.unwrap_or(i64::MIN),
            _ => i64::MIN,
        };
        watermark = watermark.max(said);
        is_on_time
    })
}
