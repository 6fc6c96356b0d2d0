//! Components that import WASI run, and get nothing through it: through the real binary, by a guest that reaches out.

use crate::support::programs::guest;
use crate::support::run::{Ended, Run};

fn wasi(what: &str) -> Run {
    Run::new("run", guest("guest_wasi"))
        .arg("--json")
        .param("what", what)
}

/// What the guest told, a record a line; the summary is no text.
fn told(ended: &Ended) -> Vec<String> {
    let record = |line: &str| serde_json::from_str::<String>(line).ok();
    ended.out.lines().filter_map(record).collect()
}

#[test]
fn a_guest_sees_no_files_sockets_environment_or_arguments() {
    let ended = wasi("look").end().success();
    let nothing = "0 variables, 0 arguments, 0 directories, access-denied instead of a socket";
    let expected: Vec<String> = (0..3).map(|i| format!("{i}: {nothing}")).collect();
    assert_eq!(told(&ended), expected);
}

#[test]
fn two_runs_draw_the_same_random_numbers() {
    let runs = [(); 2].map(|()| told(&wasi("draw").param("numbers", 1000).end().success()));
    assert_eq!(runs[0], runs[1]);
    let mut numbers: Vec<&str> = runs[0]
        .iter()
        .filter_map(|it| it.split(' ').nth(1))
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 1000, "numbers are drawn twice");
}

#[test]
fn waiting_takes_no_time_and_spinning_ends() {
    let ended = wasi("wait").end().success();
    assert_eq!(told(&ended), ["0: 1", "1: 1", "2: 1"]);
    let ended = wasi("spin").end().success();
    assert_eq!(told(&ended).len(), 3);
}

#[test]
fn the_wall_clock_is_processing_time() {
    let ended = wasi("wall").param("numbers", 1).end().success();
    let seconds: u64 = told(&ended)[0].parse().expect("seconds");
    let now = std::time::UNIX_EPOCH.elapsed().expect("after 1970");
    assert!(now.as_secs().abs_diff(seconds) < 600, "{seconds}");
}

#[test]
fn what_is_printed_is_in_the_log_of_the_operator() {
    let ended = wasi("print").set("log.level", "info").end().success();
    for number in 0..3 {
        let line = format!("printed {number}");
        let logged = ended.err.lines().find(|it| it.contains(&line));
        let logged = logged.unwrap_or_else(|| panic!("{line}\n{}", ended.told()));
        assert!(logged.contains("outside"), "{logged}");
    }
    assert!(!ended.out.lines().any(|line| line.starts_with("printed")));
}

#[test]
fn a_guest_that_leaves_fails_its_job_with_its_last_words() {
    wasi("exit")
        .end()
        .fails_naming(&["outside", "i am leaving"]);
}

#[test]
fn what_wasi_gives_has_limits() {
    wasi("hold").end().fails_naming(&["outside", "resource"]);
    wasi("draw-all")
        .end()
        .fails_naming(&["outside", "random bytes", "1048576"]);
}

#[test]
fn inspect_names_what_is_imported_of_wasi() {
    let ended = Run::new("inspect", guest("guest_wasi")).end().success();
    assert!(
        ended.out.contains("wasi:random/random@0.2.0"),
        "{}",
        ended.told()
    );
}
