//! A running job is changed by requests: savepoints, stopping, other parallelism, another component; and its state is
//! looked at. Each is begun by one request and asked about by another, in the shapes of Flink.
//!
//! The jobs are those of `guest-swap` (each bid becomes a line with its number among those of its auction) and
//! `guest-evolving` (totals by auction, told at the end of event time).

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::support::answer::Lines;
use crate::support::bids::bids;
use crate::support::cluster::{Answer, Cluster};
use crate::support::orders::has_completed;
use crate::support::published::lines;

const BIDS: u64 = 12_000;
const KEYS: u64 = 40;
/// Bids a second of each job that is not waited for.
const RATE: u64 = BIDS / 200;
const TRIGGER: &str = "00112233445566778899aabbccddeeff";

/// A job of some minutes: it does not end before something is asked of it.
fn job(out: &Path, parallelism: u32, version: u64) -> Value {
    job_at(RATE, out, parallelism, version)
}

fn job_at(rate: u64, out: &Path, parallelism: u32, version: u64) -> Value {
    json!({
        "parallelism": parallelism,
        "parameters": { "n": BIDS, "keys": KEYS, "rate": rate, "out": out, "version": version },
        "settings": { "execution.checkpointing.interval": "50ms" },
    })
}

/// A job of a cluster that has completed a checkpoint.
fn started(cluster: &Cluster, component: &str, mut body: Value) -> String {
    let id = cluster.upload(component);
    if component.contains("swap") {
        let parameters = body["parameters"].as_object_mut();
        parameters.expect("parameters").remove("version");
    }
    let job = cluster.run(&id, &body);
    has_completed(cluster, &job);
    job
}

/// What came of an operation that an answer has begun.
fn ended(cluster: &Cluster, path: &str, begun: &Answer) -> Value {
    let request = begun.json()["request-id"].clone();
    let request = request.as_str().expect("an id");
    let done = cluster.until(&format!("{path}/{request}?wait-ms=1000"), |it| {
        it["status"]["id"] == "COMPLETED"
    });
    done["operation"].clone()
}

fn put(cluster: &Cluster, path: &str, body: &Value) -> Answer {
    let headers = [("Content-Type", "application/json")];
    cluster.request("PUT", path, &headers, body.to_string().as_bytes())
}

fn refused(answer: Answer, status: u16, needle: &str) {
    let text = answer.is(status).text();
    assert!(text.contains(needle), "`{needle}` is not in {text}");
}

/// The totals of all bids, as lines.
fn totals() -> Lines {
    let mut totals: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    for bid in bids(BIDS, KEYS) {
        let total = totals.entry(bid.auction).or_default();
        total.0 += 1;
        total.1 += bid.price;
    }
    let mut expected = Lines::default();
    for (auction, (count, sum)) in totals {
        expected.add(format!("1,{auction},{count},{sum}"));
    }
    expected
}

#[test]
fn a_rescaled_and_swapped_job_goes_on_so_in_the_next_process() {
    let dir = tempdir().expect("a directory");
    let out = dir.path().join("out");
    let cluster = Cluster::start(&dir.path().join("cluster"));
    let id = started(&cluster, "guest_swap_one", job_at(BIDS / 20, &out, 2, 1));
    let requirements = format!("/v1/jobs/{id}/resource-requirements");
    let mut wanted = cluster.get(&requirements);
    for (_, vertex) in wanted.as_object_mut().expect("chains") {
        assert_eq!(vertex["parallelism"]["upperBound"], 2, "{vertex}");
        vertex["parallelism"] = json!({ "lowerBound": 1, "upperBound": 4 });
    }
    // Each chain has its own.
    wanted["0"]["parallelism"]["upperBound"] = json!(3);
    let begun = put(&cluster, &requirements, &wanted).is(200);
    let rescaled = ended(&cluster, &format!("/v1/jobs/{id}/rescaling"), &begun);
    assert_eq!(rescaled["in-place"], false, "{rescaled}");
    assert!(rescaled["pause-ms"].as_f64() > Some(0.0), "{rescaled}");
    let ten = cluster.upload("guest_swap_ten");
    let path = format!("/v1/jobs/{id}/swap");
    let body = json!({ "operator": "number", "component": ten });
    let swapped = ended(&cluster, &path, &cluster.post(&path, &body).is(202));
    assert_eq!(swapped["in-place"], true, "{swapped}");
    let jobs = cluster.get(&format!("/components/{ten}"))["jobs"].clone();
    assert_eq!(jobs[0]["jid"], json!(id));
    cluster.process.kill();

    let cluster = Cluster::start(&dir.path().join("cluster"));
    cluster.reaches(&id, "FINISHED");
    let details = cluster.get(&format!("/jobs/{id}"));
    for (vertex, parallelism) in [(0, 3), (1, 4)] {
        let vertex = &details["vertices"][vertex];
        assert_eq!(vertex["parallelism"], parallelism, "{vertex}");
    }
    let mut prices = Lines::default();
    let mut tens = 0;
    for line in lines(&out).each() {
        let values: Vec<i64> = line
            .split(',')
            .map(|it| it.parse().expect("a number"))
            .collect();
        let [auction, _, factor, price] = values[..] else {
            panic!("{line}");
        };
        tens += u64::from(factor == 10);
        prices.add(format!("{auction},{}", price / factor));
    }
    let mut expected = Lines::default();
    for bid in bids(BIDS, KEYS) {
        expected.add(format!("{},{}", bid.auction, bid.price));
    }
    prices.must_equal(&expected, &details.to_string());
    assert!(tens > 0 && tens < BIDS, "{tens} lines of the new component");
}

#[test]
fn a_savepoint_by_request_is_listed_and_another_release_begins_from_it() {
    let dir = tempdir().expect("a directory");
    let cluster = Cluster::start(&dir.path().join("cluster"));
    let first = dir.path().join("first");
    let id = started(&cluster, "guest_evolving_one", job(&first, 2, 1));
    let path = format!("/v1/jobs/{id}/savepoints");
    let target = dir.path().join("savepoints");
    let body = json!({ "target-directory": target, "trigger-id": TRIGGER, "cancel-job": false });
    let begun = cluster.post(&path, &body).is(202);
    assert_eq!(cluster.post(&path, &body).is(202).json(), begun.json());
    let taken = ended(&cluster, &path, &begun);
    let location = taken["location"].as_str().expect("a path").to_owned();
    assert!(location.starts_with(target.to_str().expect("a path")));
    let entries = std::fs::read_dir(&target).expect("the directory");
    assert_eq!(entries.count(), 1, "asked for twice, taken once");
    let listed = cluster.get(&format!("/jobs/{id}/checkpoints"));
    let savepoint = &listed["latest"]["savepoint"];
    assert_eq!(savepoint["external_path"], json!(location), "{listed}");
    assert_eq!(savepoint["is_savepoint"], true, "{listed}");

    let component = cluster.upload("guest_evolving_one");
    let second = dir.path().join("second");
    let from = |version| {
        let mut body = job_at(BIDS, &second, 3, version);
        body["savepointPath"] = json!(location);
        body
    };
    let check = format!("/v1/components/{component}/validate");
    let unfit = cluster.post(&check, &from(4)).is(200).json();
    assert_eq!(unfit["valid"], false, "{unfit}");
    assert!(unfit["errors"].to_string().contains("state \\\"total\\\""));
    let fits = cluster.post(&check, &from(2)).is(200).json();
    assert_eq!(fits["valid"], true, "{fits}");
    let verdicts = fits["state"]["states"].as_array().expect("states").iter();
    let mut migrated = verdicts.filter(|it| it["verdict"] == "migratable");
    assert!(migrated.any(|it| it["state"] == "total"), "{fits}");
    let fork = cluster.run(&component, &from(2));

    let stop = json!({ "targetDirectory": target, "drain": true });
    let begun = cluster.post(&format!("/v1/jobs/{id}/stop"), &stop).is(202);
    let stopped = ended(&cluster, &path, &begun);
    assert_ne!(stopped["location"], json!(location), "one of its own");
    cluster.reaches(&id, "FINISHED");
    let count = |line: &str| line.split(',').nth(2).and_then(|it| it.parse::<u64>().ok());
    let counted: u64 = lines(&first).each().iter().filter_map(|it| count(it)).sum();
    assert!(counted > 0 && counted < BIDS, "drained early: {counted}");
    cluster.reaches(&fork, "FINISHED");
    lines(&second).must_equal(
        &totals(),
        &cluster.get(&format!("/jobs/{fork}")).to_string(),
    );
}

#[test]
fn a_key_is_looked_up_in_the_last_checkpoint() {
    let dir = tempdir().expect("a directory");
    let cluster = Cluster::start(&dir.path().join("cluster"));
    let out = dir.path().join("out");
    // With one subtask the bids of an auction come in their order, so a sum follows from a count.
    let id = started(&cluster, "guest_evolving_one", job(&out, 1, 1));
    let path = format!("/v1/jobs/{id}/states");
    let states = cluster.until(&path, |it| {
        let all = it["states"].as_array().expect("states");
        let total = all.iter().find(|it| it["name"] == "total");
        total.is_some_and(|it| it["entries"].as_u64() > Some(5))
    });
    let mut all = states["states"].as_array().expect("states").iter();
    let total = all.find(|it| it["name"] == "total").expect("the state");
    assert_eq!(
        (&total["uid"], &total["kind"]),
        (&json!("totals"), &json!("value"))
    );
    assert_eq!(total["key-schema"], "long", "{total}");
    let path = format!("{path}/totals/total");
    let known = cluster.get(&path)["entries"].clone();
    let known = known.as_array().expect("entries").iter().take(5);
    for auction in known.map(|it| it["key"].as_i64().expect("an auction")) {
        let found = cluster.get(&format!("{path}?key={auction}"));
        let entries = found["entries"].as_array().expect("entries");
        assert_eq!(entries.len(), 1, "{found}");
        assert_eq!(entries[0]["key"], json!(auction));
        let value = &entries[0]["value"];
        let count = value["count"].as_u64().expect("a count") as usize;
        let prices = bids(BIDS, KEYS).filter(|bid| bid.auction == auction);
        let amount: i64 = prices.take(count).map(|bid| bid.price).sum();
        assert_eq!(value["amount"], json!(amount), "{found}");
        assert_eq!(value["label"], json!(format!("auction {auction}")));
    }
    let none = cluster.get(&format!("{path}?key=-5"));
    assert_eq!(none["entries"], json!([]));
    let some = cluster.get(&format!("{path}?limit=2"));
    assert_eq!(some["entries"].as_array().expect("entries").len(), 2);
    assert_eq!(some["truncated"], true);
    let get = |path: &str| cluster.request("GET", path, &[], &[]);
    refused(get(&format!("{path}?key=%22text%22")), 400, "key");
    refused(
        get(&format!("/v1/jobs/{id}/states/totals/nope")),
        404,
        "totals/total",
    );
}

#[test]
fn what_cannot_be_done_is_refused_before_the_job_hears_of_it() {
    let dir = tempdir().expect("a directory");
    let cluster = Cluster::start(&dir.path().join("cluster"));
    let out = dir.path().join("out");
    let id = started(&cluster, "guest_swap_one", job(&out, 2, 1));
    let of_job = |rest: &str| format!("/v1/jobs/{id}/{rest}");
    let savepoint = |body: Value| cluster.post(&of_job("savepoints"), &body);
    let wrong_id = json!({ "target-directory": dir.path(), "trigger-id": "mine" });
    refused(savepoint(wrong_id), 400, "32 hexadecimal digits");
    let native = json!({ "target-directory": dir.path(), "format-type": "NATIVE" });
    refused(savepoint(native), 400, "CANONICAL");
    let get = |path: &str| cluster.request("GET", path, &[], &[]);
    refused(
        get(&of_job(&format!("savepoints/{TRIGGER}"))),
        404,
        "no operation",
    );
    let requirements = of_job("resource-requirements");
    let bounds = |upper: u32| json!({ "parallelism": { "upperBound": upper } });
    let require = |wanted: Value| put(&cluster, &requirements, &wanted);
    refused(
        require(json!({ "0": bounds(2), "1": bounds(100_000) })),
        400,
        "operator \\\"number\\\"",
    );
    refused(require(json!({ "99": bounds(2) })), 400, "\\\"99\\\"");
    refused(require(json!({ "0": bounds(0) })), 400, "no number");
    refused(require(json!({})), 400, "no vertex");
    // What only the operation can find out is told at its end, and the job goes on.
    let cause = |given: Value| given["failure-cause"]["stack-trace"].to_string();
    let path = of_job("rescaling");
    let wide = cluster.request("PATCH", &format!("{path}?parallelism=100000"), &[], &[]);
    let given = cause(ended(&cluster, &path, &wide.is(202)));
    assert!(given.contains("parallelism"), "{given}");
    let path = of_job("swap");
    let body = json!({ "operator": "number", "component": "nope" });
    let given = cause(ended(&cluster, &path, &cluster.post(&path, &body).is(202)));
    assert!(given.contains("upload it first"), "{given}");
    let file = dir.path().join("a-file");
    std::fs::write(&file, "").expect("a file");
    let begun = savepoint(json!({ "target-directory": file })).is(202);
    let given = cause(ended(&cluster, &of_job("savepoints"), &begun));
    assert!(given.contains("a-file"), "{given}");
    assert_eq!(cluster.state(&id), "RUNNING");
    assert_eq!(cluster.get(&format!("/jobs/{id}"))["restarts"], 0);
    cluster
        .request("PATCH", &format!("/jobs/{id}"), &[], &[])
        .is(202);
    cluster.reaches(&id, "CANCELED");
    let late = savepoint(json!({ "target-directory": dir.path() }));
    refused(late, 409, "has ended");
    refused(get(&format!("/v1/jobs/{TRIGGER}/states")), 404, TRIGGER);
}
