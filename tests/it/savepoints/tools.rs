//! `wasmill check` and `wasmill state`: what they say of a savepoint and of checkpoints, and their exit codes.

use std::path::Path;

use serde_json::{Value, json};

use super::evolving::Evolving;
use crate::support::programs::guest;
use crate::support::run::{Ended, Run};

fn state(verb: &str, saved: &Path) -> Run {
    Run::bare("state").arg(verb).arg(saved)
}

fn check(saved: &Path, version: u64) -> Run {
    Run::new("check", saved)
        .arg(guest("guest_evolving_one"))
        .param("version", version)
        .arg("--json")
}

fn json_lines(ended: &Ended) -> Vec<Value> {
    let parse = |line: &str| serde_json::from_str(line).expect("a line of JSON");
    ended.out.lines().map(parse).collect()
}

/// The verdicts by state.
fn verdicts(ended: &Ended) -> Vec<String> {
    let document = ended.json();
    let states = document["states"].as_array().expect("states").iter();
    let text = |state: &Value, name: &str| state[name].as_str().unwrap_or("?").to_owned();
    let mut verdicts: Vec<String> = states
        .map(|it| {
            format!(
                "{}/{} {}",
                text(it, "operator"),
                text(it, "state"),
                text(it, "verdict")
            )
        })
        .collect();
    verdicts.sort();
    verdicts
}

#[test]
fn check_says_of_every_state_what_becomes_of_it() {
    let data = tempfile::tempdir().expect("a directory");
    let savepoint = Evolving::new(data.path(), "filesystem").stopped();
    let same = check(&savepoint, 1).end().success();
    let expected = ["cheap/seen same", "totals/prices same", "totals/total same"];
    assert_eq!(verdicts(&same), expected);
    let migrated = check(&savepoint, 2).end().success();
    let expected = [
        "cheap/seen same",
        "totals/prices migratable",
        "totals/total migratable",
    ];
    assert_eq!(verdicts(&migrated), expected);
    let gone = check(&savepoint, 3).end();
    assert_eq!(gone.code, Some(1), "{}", gone.told());
    let expected = [
        "totals/new-prices new",
        "totals/prices dropped",
        "totals/total same",
    ];
    assert_eq!(verdicts(&gone), expected);
    assert_eq!(gone.json()["dropped_operators"], json!(["cheap"]));
    let allowed = check(&savepoint, 3).arg("--allow-non-restored-state").end();
    allowed.success();
    let wrong = check(&savepoint, 4).end();
    assert_eq!(wrong.code, Some(1), "{}", wrong.told());
    assert!(verdicts(&wrong).contains(&"totals/total error".to_owned()));
}

#[test]
fn states_are_listed_looked_up_and_exported_with_typed_values() {
    for backend in ["filesystem", "rocksdb"] {
        let data = tempfile::tempdir().expect("a directory");
        let job = Evolving::new(data.path(), backend);
        let savepoint = job.stopped();
        for saved in [&savepoint, &job.checkpoints()] {
            let listed = state("list", saved).arg("--json").end().success().json();
            let states = listed["states"].as_array().expect("states");
            let total = states.iter().find(|it| it["state"] == "total");
            let entries = total.expect("the state")["entries"].as_u64();
            let entries = entries.expect("a number") as usize;
            assert!(entries > 0, "{listed}");
            let exported = state("export", saved).arg("totals").arg("total");
            let exported = json_lines(&exported.end().success());
            assert_eq!(exported.len(), entries, "{listed}");
            for line in exported {
                let auction = line["key"].as_i64().expect("a key");
                let label = format!("auction {auction}");
                assert_eq!(line["value"]["label"], json!(label), "{line}");
                let got = state("get", saved).arg("totals").arg("total");
                let got = json_lines(&got.arg(auction.to_string()).end().success());
                assert_eq!(got, [line]);
                if auction > 2 {
                    break;
                }
            }
        }
        let nothing = state("get", &savepoint)
            .arg("totals")
            .arg("total")
            .arg("-5");
        assert_eq!(nothing.end().code, Some(1));
        let unknown = state("export", &savepoint).arg("totals").arg("nope");
        unknown.end().fails_naming(&["totals/nope", "totals/total"]);
        let seen = state("export", &savepoint).arg("cheap").arg("seen");
        let seen = json_lines(&seen.end().success());
        assert!(seen.iter().all(|it| it["sub_key"].is_i64()), "{seen:?}");
    }
}

#[test]
fn a_difference_is_what_has_changed_whatever_the_backend() {
    let data = tempfile::tempdir().expect("a directory");
    let job = Evolving::new(data.path(), "filesystem");
    let savepoint = job.stopped();
    let same = Run::bare("state")
        .arg("diff")
        .arg(job.checkpoints())
        .arg(&savepoint);
    let same = json_lines(&same.end().success());
    let counts = same.last().expect("counts");
    assert_eq!(same.len(), 1, "{same:?}");
    assert!(
        counts["same"].as_u64().is_some_and(|same| same > 0),
        "{counts}"
    );
    let second = Evolving::new(data.path(), "rocksdb").data_dir("second");
    second.from(&savepoint).end().success();
    let other = Run::bare("state")
        .arg("diff")
        .arg(&savepoint)
        .arg(second.checkpoints());
    let other = json_lines(&other.end().success());
    let counts = other.last().expect("counts");
    let totals = other.iter().filter(|it| it["after"]["state"] == "total");
    let grown = |it: &Value| {
        it["after"]["value"]["count"].as_i64() > it["before"]["value"]["count"].as_i64()
    };
    assert!(
        totals.clone().count() > 0 && totals.clone().all(grown),
        "{counts}"
    );
}
