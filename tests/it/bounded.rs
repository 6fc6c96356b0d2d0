//! Memory is bounded by the configuration, not by what a job is fed: fan-out, a sink that does not keep up, large input.
//!
//! Figures are the process's own peak, as the summary reports it, or as the kernel does while it runs.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use crate::support::answer::Sum;
use crate::support::oracle::Question;
use crate::support::programs::guest;
use crate::support::run::{Run, Running};
use crate::support::text;
use crate::support::wait::within;

const MIB: u64 = 1 << 20;

fn peak(summary: &serde_json::Value) -> u64 {
    summary["peak_rss_bytes"].as_u64().unwrap_or(u64::MAX)
}

#[test]
fn one_record_may_become_a_million() {
    let run = Run::new("run", guest("faulty"))
        .arg("--json")
        .param("fault", "fan-out");
    let run = run
        .param("factor", 1_000_000)
        .param("n", 3)
        .param("keys", 1)
        .param("at", 0);
    let summary = run.summary();
    assert_eq!(summary["count"], 3_000_003, "{summary}");
    assert!(peak(&summary) < 700 * MIB, "{summary}");
}

/// What the kernel says of a running process: clock ticks used, resident bytes.
fn usage(running: &Running) -> (u64, u64) {
    let read = |file| std::fs::read_to_string(format!("/proc/{}/{file}", running.id()));
    let (stat, status) = (
        read("stat").unwrap_or_default(),
        read("status").unwrap_or_default(),
    );
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let field = |at: usize| {
        after_name
            .split(' ')
            .nth(at)
            .and_then(|f| f.parse::<u64>().ok())
    };
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = resident.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
    (
        field(11).unwrap_or(0) + field(12).unwrap_or(0),
        kib.unwrap_or(0) * 1024,
    )
}

/// Waits until a process does next to nothing for a while: it is held up.
fn comes_to_rest(running: &Running) -> bool {
    within(Duration::from_secs(60), || {
        let (before, _) = usage(running);
        // Nothing to look for: only the time between two figures.
        let _: Option<()> = within(Duration::from_millis(300), || None);
        (usage(running).0 <= before + 3).then_some(())
    })
    .is_some()
}

fn accept(listener: &TcpListener) -> TcpStream {
    listener
        .set_nonblocking(true)
        .expect("a listener that does not wait");
    let accepted = within(Duration::from_secs(60), || listener.accept().ok());
    let (stream, _) = accepted.expect("the sink connects");
    stream.set_nonblocking(false).expect("a stream that waits");
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .expect("a limit");
    stream
}

#[test]
fn a_sink_that_does_not_keep_up_stops_the_source() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    // Endless for all that matters: unless the sink holds it up, this fills any memory.
    let run = Run::bench("J0")
        .param("n", 1_000_000_000_i64)
        .param("port", port);
    let running = run.start();
    let mut stream = accept(&listener);
    let mut bytes = vec![0; MIB as usize];
    for round in 0..3 {
        assert!(
            comes_to_rest(&running),
            "round {round}: it goes on while nobody reads"
        );
        let resident = usage(&running).1;
        assert!(
            resident > 0 && resident < 300 * MIB,
            "round {round}: {resident} bytes"
        );
        for _ in 0..20 {
            stream
                .read_exact(&mut bytes)
                .expect("there is more to read");
        }
    }
    running.kill();
}

#[test]
fn a_reader_that_is_slow_at_times_gets_everything() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    let running = Run::bench("J0")
        .param("n", 500_000)
        .param("port", port)
        .start();
    let mut stream = accept(&listener);
    assert!(comes_to_rest(&running), "it goes on while nobody reads");
    let mut lines = String::new();
    stream.read_to_string(&mut lines).expect("all lines");
    running.end().success();
    assert_eq!(lines.lines().count(), 500_000);
}

/// Counts the words of a text of this size, and returns the peak.
fn peak_of_text(bytes: u64) -> u64 {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("text.txt");
    text::write_repeated(&file, bytes, 20_000);
    let run = Run::bench("J7")
        .param("file", file.display())
        .param("emit", "final");
    let summary = run.parallelism(2).summary();
    let block = text::make(1 << 20, 20_000);
    let question = Question {
        job: "J7-final",
        n: 0,
        keys: 0,
        epm: 1,
        text: &block,
    };
    assert_eq!(
        Sum::of_summary(&summary).count,
        Sum::expected(&question).count,
        "{summary}"
    );
    peak(&summary)
}

#[test]
fn a_large_input_needs_no_more_memory_than_a_small_one() {
    let big = std::env::var_os("WASMILL_BIG").is_some();
    let (small, large) = (64 * MIB, if big { 2048 * MIB } else { 256 * MIB });
    let (of_small, of_large) = (peak_of_text(small), peak_of_text(large));
    println!("peak of {} MiB: {} MiB", small / MIB, of_small / MIB);
    println!("peak of {} MiB: {} MiB", large / MIB, of_large / MIB);
    assert!(of_large < 400 * MIB, "{of_large} bytes");
    assert!(
        of_large < of_small + 48 * MIB,
        "{of_small} bytes, then {of_large}"
    );
}
