//! The polyglot sample: one job whose operators are written in C, TypeScript, Go, Python and Rust, in one process. It gives
//! what a naive program finds in the same orders, undisturbed and killed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::answer::Lines;
use crate::support::kills::end_after_kills;
use crate::support::languages::root;
use crate::support::oracle::random;
use crate::support::programs;
use crate::support::published;
use crate::support::run::Run;
use crate::support::wait;

const HOUR_MS: i64 = 3_600_000;

/// The five parts, built once by the sample's own script.
fn parts() -> &'static Path {
    static PARTS: OnceLock<PathBuf> = OnceLock::new();
    PARTS.get_or_init(|| {
        programs::guest("sample_polyglot");
        let out = programs::component_cache().join("polyglot");
        let mut command = Command::new(root().join("plugins/polyglot/build.sh"));
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
                command.env_remove(name);
            }
        }
        let target = programs::component_cache().with_file_name("");
        let built = command.arg(&out).env("CARGO_TARGET_DIR", target).output();
        let built = built.expect("bash is there");
        let words = String::from_utf8_lossy(&built.stderr);
        assert!(built.status.success(), "build.sh:\n{words}");
        out
    })
}

/// The sample in a folder of its own, with these orders.
fn sample(orders: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a directory");
    let path = |name: &str| folder.path().join(name);
    fs::copy(root().join("plugins/polyglot/job.yaml"), path("job.yaml")).expect("the job file");
    std::os::unix::fs::symlink(parts(), path("build")).expect("a link");
    fs::create_dir(path("data")).expect("a folder");
    fs::write(path("data/orders.jsonl"), orders).expect("the orders");
    folder
}

fn own_orders() -> String {
    fs::read_to_string(root().join("plugins/polyglot/data/orders.jsonl")).expect("the orders")
}

/// Orders of a shop: in order but for a minute, one in ten twice, one in twenty impossible.
fn made_up(count: u64, seed: u64) -> String {
    let mut lines: Vec<String> = Vec::new();
    for id in 0..count {
        let draw = |what: u64, of: u64| random(id * 8 + what, seed) % of;
        let at_ms = 1_767_225_600_000 + id * 20_000 - draw(0, 60_000);
        let cents = if draw(1, 20) == 0 {
            0
        } else {
            1 + draw(2, 20_000)
        };
        let customer = draw(3, 40);
        lines.push(format!(
            "{{\"id\":{id},\"customer\":\"customer {customer}\",\"at_ms\":{at_ms},\"cents\":{cents}}}"
        ));
        if draw(4, 10) == 0 {
            lines.extend(lines.last().cloned());
        }
    }
    lines.join("\n") + "\n"
}

/// The best hour of each customer, found by looking at everything.
fn oracle(orders: &str) -> Lines {
    let (mut seen, mut hours) = (BTreeSet::new(), BTreeMap::<(String, i64), i64>::new());
    for line in orders.lines() {
        let order: Value = serde_json::from_str(line).expect("an order");
        let number = |key: &str| order[key].as_i64().expect("a number");
        let customer = order["customer"].as_str().expect("a customer").to_owned();
        if number("cents") > 0 && !customer.is_empty() && seen.insert(number("id")) {
            let hour = number("at_ms") / HOUR_MS;
            *hours.entry((customer, hour)).or_default() += number("cents");
        }
    }
    let mut best = BTreeMap::<String, (i64, i64)>::new();
    for ((customer, hour), cents) in hours {
        let so_far = best.entry(customer).or_insert((hour, cents));
        if cents > so_far.1 {
            *so_far = (hour, cents);
        }
    }
    let mut lines = Lines::default();
    for (customer, (hour, cents)) in best {
        lines.add(format!(
            "{customer} {}.{:02} in hour {hour}",
            cents / 100,
            cents % 100
        ));
    }
    lines
}

#[test]
fn five_languages_answer_the_oracle_in_one_process() {
    let orders = own_orders();
    let expected = oracle(&orders);
    assert_eq!(expected.len(), 6, "every customer of the sample");
    let folder = sample(&orders);
    let run = Run::new("run", folder.path().join("job.yaml"));
    run.end().success();
    published::plain_lines(&folder.path().join("out")).must_equal(&expected, "undisturbed");
    let plan = Run::new("plan", folder.path().join("job.yaml")).arg("--json");
    let plan = plan.end().success().json();
    let components = plan["components"].as_array().expect("components");
    assert_eq!(components.len(), 5, "{plan:#}");
}

#[test]
fn five_languages_survive_kills_together() {
    let seed = wait::fresh_seed();
    let orders = made_up(4_000, seed);
    let expected = oracle(&orders);
    let folder = sample(&orders);
    let run = || {
        let run = Run::new("run", folder.path().join("job.yaml"));
        run.arg("--json").param("rate", 2_000)
    };
    let (_, told) = end_after_kills(&run, folder.path(), 2, 200..500);
    published::plain_lines(&folder.path().join("out")).must_equal(&expected, &told);
}
