//! Whether a job gave what it must: exactly where its result is defined, within bounds and without losses elsewhere.

use std::collections::BTreeMap;

use super::naive::{self, Line, Pane};
use super::run::{Given, run};
use super::spec::{Spec, Trigger, Window};

/// Runs a job and compares.
///
/// # Errors
/// What is wrong.
pub(super) fn check(spec: &Spec) -> Result<(), String> {
    let given = run(spec)?;
    let records = spec.events().count() as u64;
    equal("records in", given.figure("numRecordsIn"), records)?;
    let nowhere = naive::in_no_window(spec);
    equal(
        "records in no window",
        given.figure("numRecordsInNoWindow"),
        nowhere,
    )?;
    if spec.has_late {
        return conserved(spec, &given, records - nowhere);
    }
    equal("late records", given.figure("numLateRecordsDropped"), 0)?;
    if matches!(spec.trigger, Trigger::Continuous(_)) {
        return early(spec, &given);
    }
    let mut lines = given.lines;
    let mut expected = naive::results(spec);
    lines.sort_unstable();
    expected.sort_unstable();
    same(&lines, &expected)
}

fn equal(what: &str, is: u64, must_be: u64) -> Result<(), String> {
    if is == must_be {
        return Ok(());
    }
    Err(format!("{what}: {is}, not {must_be}"))
}

/// Both are sorted.
fn same(lines: &[Line], expected: &[Line]) -> Result<(), String> {
    if lines == expected {
        return Ok(());
    }
    let missing = expected
        .iter()
        .filter(|line| lines.binary_search(line).is_err());
    let wrong = lines
        .iter()
        .filter(|line| expected.binary_search(line).is_err());
    Err(format!(
        "{} results instead of {}\n  missing {:?}\n  wrong   {:?}",
        lines.len(),
        expected.len(),
        missing.take(5).collect::<Vec<_>>(),
        wrong.take(5).collect::<Vec<_>>(),
    ))
}

/// The last result of each window; earlier ones must have fewer records.
fn last_results(lines: &[Line], grows: bool) -> Result<BTreeMap<Pane, Line>, String> {
    let mut last: BTreeMap<Pane, Line> = BTreeMap::new();
    for line in lines.iter().filter(|line| line[0] == 0) {
        let pane = (line[1], line[2], line[3]);
        if let Some(before) = last.insert(pane, *line)
            && (!grows || before[4] > line[4])
        {
            return Err(format!("{line:?} after {before:?}"));
        }
    }
    Ok(last)
}

/// Whatever comes early, the last result of every window is that of all its records.
fn early(spec: &Spec, given: &Given) -> Result<(), String> {
    let last = last_results(&given.lines, true)?;
    let mut expected = naive::results(spec);
    expected.sort_unstable();
    let mut lines: Vec<Line> = last.into_values().collect();
    lines.sort_unstable();
    same(&lines, &expected)
}

/// Every record is in a window or counted as late, and none is late that cannot be.
fn conserved(spec: &Spec, given: &Given, records: u64) -> Result<(), String> {
    let dropped = given.figure("numLateRecordsDropped");
    let sent = given.lines.iter().filter(|line| line[0] == 1).count() as u64;
    equal("late records sent", given.figure("numLateRecordsOut"), sent)?;
    equal(
        "the other way of late records",
        if spec.late_output { dropped } else { sent },
        0,
    )?;
    let last = last_results(&given.lines, spec.lateness > 0)?;
    let counted: i64 = last.values().map(|line| line[4]).sum();
    let late = dropped + sent;
    equal("records counted and late", counted as u64 + late, records)?;
    if spec.late_output {
        let sums = last.values().map(|line| line[5]).sum::<i64>();
        let sums = sums
            + given
                .lines
                .iter()
                .filter(|l| l[0] == 1)
                .map(|l| l[5])
                .sum::<i64>();
        let taken = naive::panes(spec).into_values().flatten();
        let whole: i64 = taken.map(|event| event.value).sum();
        if sums != whole {
            return Err(format!("the values come to {sums}, not {whole}"));
        }
    }
    if matches!(spec.window, Window::Session(_)) {
        return Ok(());
    }
    within_bounds(spec, &last)
}

/// A window has at least the records that cannot be late, and at most all of its own.
fn within_bounds(spec: &Spec, last: &BTreeMap<Pane, Line>) -> Result<(), String> {
    let mut least = spec.clone();
    for source in &mut least.sources {
        let kept = naive::on_time(spec, source).copied().collect();
        source.events = kept;
    }
    let least = naive::panes(&least);
    for (pane, events) in naive::panes(spec) {
        let count = last.get(&pane).map_or(0, |line| line[4]) as usize;
        let certain = least.get(&pane).map_or(0, Vec::len);
        if !(certain..=events.len()).contains(&count) {
            let most = events.len();
            return Err(format!(
                "{pane:?} has {count} records, not {certain} to {most}"
            ));
        }
    }
    match last
        .keys()
        .find(|pane| !naive::panes(spec).contains_key(pane))
    {
        Some(pane) => Err(format!("{pane:?} has no records")),
        None => Ok(()),
    }
}
