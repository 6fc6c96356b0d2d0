//! A session cluster on a free port, and the simplest client there is: one request a connection, nothing parsed that a test
//! does not look at. A library would correct the hostile requests that some tests send.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::programs;
use super::run::{Ended, Run, Running};
use super::wait::within;

/// No state takes longer to be reached unless it never is.
const LIMIT: Duration = Duration::from_secs(60);

/// An answer.
pub(crate) struct Answer {
    /// The status; 0 if the connection was closed without one.
    pub(crate) status: u16,
    /// The headers, in lower case.
    pub(crate) headers: String,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text()))
    }

    /// It must have this status.
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }
}

/// Sends bytes to an address and returns what comes until the connection is closed.
pub(crate) fn send_raw(address: &str, bytes: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).expect("the server accepts");
    stream.set_read_timeout(Some(LIMIT)).expect("a time limit");
    // A server that refuses may close before it has read everything.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let head_end = answer.windows(4).position(|it| it == b"\r\n\r\n");
    let head_end = head_end.unwrap_or(answer.len());
    let headers = String::from_utf8_lossy(&answer[..head_end]).to_lowercase();
    let status = headers.split(' ').nth(1).and_then(|it| it.parse().ok());
    Answer {
        status: status.unwrap_or(0),
        body: answer.get(head_end + 4..).unwrap_or_default().to_vec(),
        headers,
    }
}

/// A running cluster. Killed when it is dropped.
pub(crate) struct Cluster {
    /// The process.
    pub(crate) process: Running,
    /// `127.0.0.1:PORT`.
    pub(crate) address: String,
}

impl Cluster {
    /// Starts one that keeps everything below a directory.
    pub(crate) fn start(dir: &Path) -> Self {
        Self::start_as(dir, |run| run)
    }

    /// As [`Cluster::start`], with more arguments.
    pub(crate) fn start_as(dir: &Path, more: impl FnOnce(Run) -> Run) -> Self {
        let run = Run::bare("cluster")
            .arg("--listen")
            .arg("127.0.0.1:0")
            .arg("--data-dir")
            .arg(dir)
            .set("data.cache-dir", programs::component_cache())
            // Tests look often.
            .set("rest.max-requests-per-second", "100000");
        Self::of(more(run).start())
    }

    /// A process that serves.
    pub(crate) fn of(mut process: Running) -> Self {
        let address = |running: &Running| {
            let said = running.output() + &running.errors();
            let line = said.lines().find_map(|it| it.strip_prefix("listening on "));
            line.and_then(|url| url.split("://").nth(1))
                .map(str::to_owned)
        };
        let listens = process.reaches("listening", |it| address(it).is_some());
        assert!(listens, "ended: {}", process.errors());
        let address = address(&process).expect("an address");
        Self { process, address }
    }

    /// Sends a request with headers and a body.
    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        // The old version of the protocol, so that the answer is not in chunks.
        let mut request = format!("{method} {path} HTTP/1.0\r\nHost: {}\r\n", self.address);
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        send_raw(&self.address, &[request.as_bytes(), body].concat())
    }

    /// Reads a resource, which must be there.
    pub(crate) fn get(&self, path: &str) -> Value {
        self.request("GET", path, &[], &[]).is(200).json()
    }

    /// Posts JSON.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        let json = [("Content-Type", "application/json")];
        self.request("POST", path, &json, body.to_string().as_bytes())
    }

    /// Posts a file in a form, called by a name.
    pub(crate) fn send_file(&self, path: &str, field: &str, name: &str, bytes: &[u8]) -> Answer {
        let head = format!(
            "--limit\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\nContent-Type: application/wasm\r\n\r\n"
        );
        let body = [head.as_bytes(), bytes, b"\r\n--limit--\r\n"].concat();
        let form = [("Content-Type", "multipart/form-data; boundary=limit")];
        self.request("POST", path, &form, &body)
    }

    /// Uploads a plugin; returns its id.
    pub(crate) fn upload(&self, plugin: &str) -> String {
        let bytes = std::fs::read(programs::guest(plugin)).expect("the plugin is built");
        let name = format!("{plugin}.wasm");
        let answer = self.send_file("/v1/components/upload", "file", &name, &bytes);
        let id = answer.is(200).json()["id"].clone();
        id.as_str().expect("an id").to_owned()
    }

    /// Runs the job of an uploaded component; returns the job's id.
    pub(crate) fn run(&self, component: &str, body: &Value) -> String {
        let answer = self.post(&format!("/v1/components/{component}/run"), body);
        let id = answer.is(200).json()["jobid"].clone();
        id.as_str().expect("a job id").to_owned()
    }

    /// The state of a job.
    pub(crate) fn state(&self, job: &str) -> String {
        let details = self.get(&format!("/v1/jobs/{job}"));
        details["state"].as_str().expect("a state").to_owned()
    }

    /// Waits until a job is in a state.
    pub(crate) fn reaches(&self, job: &str, state: &str) {
        let found = within(LIMIT, || (self.state(job) == state).then_some(()));
        assert!(
            found.is_some(),
            "job {job} is {} and never {state}: {}\n{}",
            self.state(job),
            self.request("GET", &format!("/v1/jobs/{job}/exceptions"), &[], &[])
                .text(),
            self.process.errors(),
        );
    }

    /// Waits until a document says something, and returns it.
    pub(crate) fn until(&self, path: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let found = within(LIMIT, || {
            Some(self.get(path)).filter(|document| holds(document))
        });
        found.unwrap_or_else(|| panic!("{path} never said it: {}", self.get(path)))
    }

    /// A verb of the command line that asks this cluster, run to its end.
    pub(crate) fn verb(&self, verb: &str, arguments: &[&str]) -> Ended {
        let run = Run::bare(verb).arg("--address").arg(&self.address);
        arguments.iter().fold(run, |run, it| run.arg(it)).end()
    }

    /// Stops it as Ctrl-C does; jobs go on in the next one.
    pub(crate) fn stop(self) -> Ended {
        self.process.interrupt();
        self.process.end()
    }
}

/// A job of the `bench` plugin that does not end by itself: so many records a second.
pub(crate) fn endless(parallelism: u32) -> Value {
    json!({
        "parallelism": parallelism,
        "parameters": { "job": "J2", "n": 1_000_000_000_u64, "keys": 100, "rate": 2_000 },
        "settings": { "execution.checkpointing.interval": "100ms" },
    })
}
