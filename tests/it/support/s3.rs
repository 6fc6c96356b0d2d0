//! A server of S3 on loopback, started by the script that users would start it with. One that cannot be had fails the
//! test.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::cluster::send_raw;
use super::languages::root;
use super::run::Run;

/// The bucket that is there.
const BUCKET: &str = "jobs";

/// A running server. Ended when it is dropped, by its process id.
pub(crate) struct S3Server {
    process: Child,
    address: String,
    key: &'static str,
}

impl S3Server {
    /// One that writes conditionally.
    pub(crate) fn start() -> Self {
        Self::of(&["0", BUCKET], "key")
    }

    /// One that ignores the conditions of writes.
    pub(crate) fn start_careless() -> Self {
        Self::of(&["--careless", "0", BUCKET], "S3RVER")
    }

    fn of(arguments: &[&str], key: &'static str) -> Self {
        let mut process = Command::new(root().join("scripts/s3-server.sh"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("bash is there");
        let out = process.stdout.take().expect("it is piped");
        let mut line = String::new();
        let read = BufReader::new(out).read_line(&mut line);
        let address = read.ok().and_then(|_| line.trim().split("://").nth(1));
        let address = address.unwrap_or_else(|| {
            panic!("scripts/s3-server.sh {arguments:?} did not start a server; it says why above")
        });
        Self {
            address: address.to_owned(),
            process,
            key,
        }
    }

    /// The configuration that reaches it.
    pub(crate) fn reached_by(&self, run: Run) -> Run {
        run.set("s3.endpoint", format!("http://{}", self.address))
            .set("s3.region", "us-east-1")
            .set("s3.access-key", self.key)
            .set("s3.secret-key", self.key)
            .set("state.checkpoints.dir", format!("s3://{BUCKET}/at"))
    }

    /// The address of the server.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The text of an object below the place of the checkpoints, if it is there.
    pub(crate) fn object(&self, name: &str) -> Option<String> {
        let answer = self.get(&format!("/{BUCKET}/at/{name}"));
        (answer.status == 200).then(|| answer.text())
    }

    /// The names of all objects of the bucket.
    pub(crate) fn names(&self) -> Vec<String> {
        let listed = self
            .get(&format!("/{BUCKET}?list-type=2&max-keys=1000"))
            .text();
        let keys = listed.split("<Key>").skip(1);
        keys.filter_map(|rest| rest.split("</Key>").next())
            .map(str::to_owned)
            .collect()
    }

    /// The checkpoints that count of the job whose folder this is, newest first.
    pub(crate) fn retained(&self, folder: &str) -> Vec<String> {
        let Some(current) = self.object(&format!("{folder}/CURRENT")) else {
            return Vec::new();
        };
        let current: Value = serde_json::from_str(&current).expect("CURRENT is JSON");
        let retained = current["retained"].as_array().expect("a list");
        let name = |entry: &Value| entry["metadata"].as_str().expect("a name").to_owned();
        retained.iter().map(name).collect()
    }

    fn get(&self, path: &str) -> super::cluster::Answer {
        let request = format!(
            "GET {path} HTTP/1.0\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.address
        );
        send_raw(&self.address, request.as_bytes())
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        // The script has become the server, so this is its process.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
