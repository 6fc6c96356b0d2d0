//! Dead letters are replayed by the running job: what the fixed component makes of them is what it would have made of them
//! in the first place, each once, whatever happens meanwhile; what cannot be replayed is refused with the reason.
//!
//! The job is that of `guest-swap`: each bid becomes a line with its number among those of its auction. Its first component
//! cannot process the bids of one auction, the second can.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::answer::Lines;
use crate::support::bids::bids;
use crate::support::cluster::Cluster;
use crate::support::oracle::random;
use crate::support::orders::order;
use crate::support::programs::guest;
use crate::support::published::lines;
use crate::support::wait::fresh_seed;

/// The auction whose bids are poison.
const POISON: i64 = 5;

/// A job that watches a directory of bids below `dir` and does not end by itself.
struct Auctions<'a> {
    dir: &'a Path,
    cluster: Cluster,
    job: String,
}

impl<'a> Auctions<'a> {
    /// Starts it over so many bids on so many auctions.
    fn start(dir: &'a Path, count: u64, keys: u64) -> Self {
        let files = dir.join("bids");
        std::fs::create_dir_all(&files).expect("a directory");
        let lines = bids(count, keys).map(|it| {
            let bid = json!({
                "auction": it.auction, "bidder": it.bidder, "price": it.price, "ts": it.ts,
            });
            format!("{bid}\n")
        });
        std::fs::write(files.join("bids.jsonl"), lines.collect::<String>()).expect("a file");
        let cluster = Cluster::start(&dir.join("cluster"));
        let component = cluster.upload("guest_swap_one");
        let job = cluster.run(
            &component,
            &json!({
                "parallelism": 3,
                "parameters": { "bids": files, "poison": POISON, "out": dir.join("out") },
                "settings": {
                    "execution.checkpointing.interval": "50ms",
                    "guest.on-failure": "dead-letter",
                },
            }),
        );
        Self { dir, cluster, job }
    }

    fn letters(&self) -> Vec<Value> {
        let path = format!("/v1/jobs/{}/dead-letters?limit=1000", self.job);
        let entries = self.cluster.get(&path)["entries"].clone();
        entries.as_array().expect("a list").clone()
    }

    /// Waits until every poison bid of so many is a letter, or as many as one answer has.
    fn has_letters(&self, count: u64, keys: u64) -> u64 {
        let poison = bids(count, keys).filter(|it| it.auction == POISON).count();
        let path = format!("/v1/jobs/{}/dead-letters?limit=1000", self.job);
        let shown = poison.min(1000);
        self.cluster.until(&path, |it| {
            it["entries"].as_array().map(Vec::len) == Some(shown)
        });
        poison as u64
    }

    fn order(&self, verb: &str, words: &[&str]) -> Value {
        order(&self.cluster, &self.job, verb, words)
    }

    fn swap(&self) {
        let fixed = guest("guest_swap_ten");
        let answer = self.order("swap", &["number", fixed.to_str().expect("a path")]);
        assert_eq!(answer["in-place"], true, "{answer}");
    }

    fn replay(&self, words: &[&str]) -> Value {
        self.order("dead-letters", &[&["--replay"], words].concat())
    }

    /// Ends it when everything that it has read is published.
    fn end(self) {
        let savepoints = self.dir.join("savepoints");
        let to = savepoints.to_str().expect("a path");
        let answer = self.order("stop", &["--drain", "--savepoint", to]);
        assert!(answer["location"].is_string(), "{answer}");
        self.cluster.reaches(&self.job, "FINISHED");
    }

    /// Files of its dead letters.
    fn parts(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.dir.join("cluster")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).expect("a directory") {
                let path = entry.expect("an entry").path();
                let of_letters = path.to_string_lossy().contains("dead-letters/number/part-");
                if path.is_dir() {
                    folders.push(path);
                } else if of_letters {
                    found.push(path);
                }
            }
        }
        found.sort();
        found
    }
}

/// Every bid has become exactly one line, numbered without a gap, those of the poison auction by the fixed component.
fn must_be_whole(out: &Path, count: u64, keys: u64, told: &str) {
    let (mut found, mut numbers) = (Lines::default(), BTreeSet::new());
    for line in lines(out).each() {
        let values = line.split(',').map(|it| it.parse().expect("a number"));
        let values: Vec<i64> = values.collect();
        let [auction, number, factor, price] = values[..] else {
            panic!("{line}");
        };
        assert!(auction != POISON || factor == 10, "{line}\n{told}");
        assert!(numbers.insert((auction, number)), "twice: {line}\n{told}");
        found.add(format!("{auction},{}", price / factor));
    }
    let mut expected = Lines::default();
    for bid in bids(count, keys) {
        expected.add(format!("{},{}", bid.auction, bid.price));
    }
    found.must_equal(&expected, told);
}

#[test]
fn letters_replayed_after_a_swap_are_as_if_they_had_never_been_poison() {
    let dir = tempfile::tempdir().expect("a directory");
    let (count, keys) = (2_000, 10);
    let job = Auctions::start(dir.path(), count, keys);
    let poison = job.has_letters(count, keys);
    // Still poison: each is a dead letter again, and none is lost.
    let again = job.replay(&[]);
    assert_eq!(again["replayed"], poison, "{again}");
    assert_eq!(job.letters().len() as u64, poison);
    // Another subtask owns the key afterwards.
    let rescaled = job.order("rescale", &["-p", "2"]);
    assert!(rescaled["checkpoint"].is_u64(), "{rescaled}");
    job.swap();
    let replayed = job.replay(&["number"]);
    let expected = json!({ "replayed": poison, "refused": 0, "reasons": [] });
    assert_eq!(replayed, expected);
    assert_eq!(job.letters(), [] as [Value; 0]);
    let path = format!("/v1/jobs/{}/dead-letters/download", job.job);
    let file = job.cluster.request("GET", &path, &[], &[]).is(200);
    assert_eq!(file.text(), "");
    let nothing = job.replay(&[]);
    assert_eq!(nothing["replayed"], 0, "{nothing}");
    job.end();
    must_be_whole(&dir.path().join("out"), count, keys, "");
}

#[test]
fn kills_around_a_replay_neither_lose_nor_double_a_letter() {
    let dir = tempfile::tempdir().expect("a directory");
    // More than are replayed at a time.
    let (count, keys) = (14_000, 6);
    let mut job = Auctions::start(dir.path(), count, keys);
    let poison = job.has_letters(count, keys);
    assert!(poison > 2_000, "{poison}");
    job.swap();
    let seed = fresh_seed();
    let path = format!("/v1/jobs/{}/dead-letters/replay", job.job);
    for round in 0..4 {
        job.cluster.post(&path, &json!({})).is(202);
        let moment = random(round, seed) % 60;
        let mut process = job.cluster.process;
        let _ = process.exits_within(Duration::from_millis(moment));
        process.kill();
        job.cluster = Cluster::start(&dir.path().join("cluster"));
        job.cluster.reaches(&job.job, "RUNNING");
    }
    let told = format!("seed {seed}");
    let last = job.replay(&[]);
    assert_eq!(last["refused"], 0, "{last}\n{told}");
    assert_eq!(job.letters(), [] as [Value; 0], "{told}");
    job.end();
    must_be_whole(&dir.path().join("out"), count, keys, &told);
}

#[test]
fn what_is_no_dead_letter_is_an_error_that_names_the_line_and_the_job_goes_on() {
    let dir = tempfile::tempdir().expect("a directory");
    let (count, keys) = (200, 10);
    let job = Auctions::start(dir.path(), count, keys);
    job.has_letters(count, keys);
    job.swap();
    let part = job.parts().first().cloned().expect("a file of letters");
    let whole = std::fs::read_to_string(&part).expect("a file");
    let first: Value = serde_json::from_str(whole.lines().next().expect("a line")).expect("JSON");
    let with = |change: &dyn Fn(&mut Value)| {
        let mut letter = first.clone();
        change(&mut letter);
        letter.to_string()
    };
    let hostile = [
        "no letter".to_owned(),
        "[[[[".repeat(10_000),
        "{}".to_owned(),
        with(&|it| it["replay"]["key"] = json!("0g")),
        with(&|it| it["replay"]["value"] = json!("123")),
        with(&|it| it["timestamp"] = json!("then")),
        with(&|it| it["subtask"] = json!(-1)),
    ];
    for line in hostile {
        std::fs::write(&part, format!("{line}\n")).expect("written");
        let answer = job.replay(&[]);
        let error = answer["error"].as_str().unwrap_or_default();
        assert!(error.contains("line 1 of"), "{line:.100}: {answer}");
    }
    let refused = [
        with(&|it| drop(it.as_object_mut().map(|it| it.remove("replay")))),
        with(&|it| it["replay"]["input"] = json!("another")),
    ];
    for (line, reason) in refused.into_iter().zip(["too long", "another schema"]) {
        std::fs::write(&part, format!("{line}\n")).expect("written");
        let answer = job.replay(&[]);
        assert_eq!(answer["refused"], 1, "{answer}");
        assert!(answer.to_string().contains(reason), "{answer}");
        assert_eq!(job.letters().len(), 1, "{answer}");
    }
    // The record is not one of the schema: what the guest makes of it is a dead letter again.
    let garbage = with(&|it| it["replay"]["value"] = json!("ffff"));
    std::fs::write(&part, format!("{garbage}\n")).expect("written");
    job.replay(&[]);
    assert_eq!(job.cluster.state(&job.job), "RUNNING");
    let details = job.cluster.get(&format!("/v1/jobs/{}", job.job));
    assert_eq!(details["restarts"], 0, "{details}");
}

#[test]
fn a_replay_is_refused_with_the_reason() {
    let dir = tempfile::tempdir().expect("a directory");
    let job = Auctions::start(dir.path(), 100, 10);
    job.has_letters(100, 10);
    let error = job.replay(&["nope"])["error"].clone();
    assert!(error.to_string().contains("\\\"nope\\\""), "{error}");
    let path = format!("/v1/jobs/{}/dead-letters/replay", job.job);
    let wrong = json!({ "operators": [] });
    job.cluster.post(&path, &wrong).is(422);
    let nobody = "0".repeat(32);
    let nobody = format!("/v1/jobs/{nobody}/dead-letters/replay");
    job.cluster.post(&nobody, &json!({})).is(404);
    let id = job.job.clone();
    let cancel = format!("/v1/jobs/{id}?mode=cancel");
    job.cluster.request("PATCH", &cancel, &[], &[]).is(202);
    job.cluster.reaches(&id, "CANCELED");
    job.cluster.post(&path, &json!({})).is(409);
}
