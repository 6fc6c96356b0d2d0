//! Hostile requests: none gets what it wants, none breaks the server, none leaves its directory.

use std::path::Path;

use serde_json::json;
use tempfile::tempdir;

use crate::support::cluster::{Answer, Cluster, endless, send_raw};
use crate::support::programs::guest;
use crate::support::run::Run;

/// What a hostile path looks for.
const SECRETS: [&str; 3] = ["root:x:0:0", "[boot loader]", "PRIVATE KEY"];

/// Answers that a hostile request may get: refused, not found, or the console's entry page.
fn harmless(what: &str, answer: &Answer) {
    assert!(
        answer.status < 500,
        "{what}: {} {}",
        answer.status,
        answer.text()
    );
    let text = answer.text();
    for secret in SECRETS {
        assert!(!text.contains(secret), "{what} got {text}");
    }
    assert!(!text.contains("panicked"), "{what}: {text}");
}

/// Every file below a directory.
fn files(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder").flatten() {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path => found.push(path.display().to_string()),
            }
        }
    }
    found.sort();
    found
}

/// Paths of CVE-2020-17519 and their relatives, for every place that takes a name.
fn traversals() -> Vec<String> {
    let climbs = [
        "..%252f..%252f..%252f..%252f..%252f..%252f..%252f..%252f..%252f..%252f..%252f..%252fetc%252fpasswd",
        "..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
        "../../../../../../etc/passwd",
        "....//....//....//etc/passwd",
        "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "..%5c..%5c..%5cboot.ini",
        "..%c0%af..%c0%afetc/passwd",
        "%00/etc/passwd",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "..;/..;/etc/passwd",
        "file:%2f%2f%2fetc%2fpasswd",
    ];
    let places = [
        "/jobmanager/logs/",
        "/jobmanager/log/",
        "/v1/jobmanager/log/",
        "/taskmanagers/",
        "/jobs/",
        "/components/",
        "/jars/",
        "/",
        "/assets/",
    ];
    let all = places
        .iter()
        .flat_map(|place| climbs.iter().map(move |climb| format!("{place}{climb}")));
    all.collect()
}

#[test]
fn hostile_requests_get_nothing_and_break_nothing() {
    let root = tempdir().expect("a directory");
    let dir = root.path().join("data");
    let cluster = Cluster::start_as(&dir, |run| {
        run.set("rest.max-requests-per-second", "100000")
    });
    let bench = cluster.upload("bench");
    let before = files(root.path());
    let mut sent = 0;
    for path in traversals() {
        for method in ["GET", "DELETE"] {
            let answer = cluster.request(method, &path, &[], &[]);
            harmless(&format!("{method} {path}"), &answer);
            sent += 1;
        }
    }
    // Names of CVE-2020-17518: the form's file name climbs out of the upload directory.
    let names = [
        "../../../../../../tmp/success",
        "..%2f..%2ftmp%2fsuccess",
        "..\\..\\success",
        "/tmp/success",
        "a/../../success",
        "",
        ".",
        "..",
        "\u{0}",
        "con",
        "~/x",
        "${jndi:ldap://x}",
    ];
    for path in ["/jars/upload", "/components/upload", "/v1/jars/upload"] {
        for name in names {
            let answer = cluster.send_file(path, "jarfile", name, b"hostile");
            assert!(
                (400..500).contains(&answer.status),
                "{path} {name}: {}",
                answer.text()
            );
            sent += 1;
        }
    }
    for (what, body) in hostile_bodies() {
        let run = format!("/components/{bench}/run");
        for path in [run.as_str(), "/job-files/run", "/jobs/0/savepoints"] {
            let headers = [("Content-Type", "application/json")];
            let answer = cluster.request("POST", path, &headers, body.as_bytes());
            harmless(what, &answer);
            assert!(answer.status >= 400, "{path} took {what}");
            sent += 1;
        }
    }
    for request in hostile_requests(&cluster.address) {
        let answer = send_raw(&cluster.address, request.as_bytes());
        harmless(&request, &answer);
        sent += 1;
    }
    assert!(sent >= 100, "{sent} requests");
    assert_eq!(files(root.path()), before, "no request may leave a file");
    assert_eq!(cluster.get("/healthz")["status"], "ok");
    assert!(
        !cluster.process.errors().contains("panicked"),
        "{}",
        cluster.process.errors()
    );
}

fn hostile_bodies() -> Vec<(&'static str, String)> {
    vec![
        ("no JSON", "{".to_owned()),
        ("deep JSON", "[".repeat(100_000)),
        ("a deep object", "{\"a\":".repeat(50_000)),
        ("unknown fields", json!({ "sudo": true }).to_string()),
        ("wrong types", json!({ "parallelism": "many" }).to_string()),
        (
            "a negative parallelism",
            json!({ "parallelism": -1 }).to_string(),
        ),
        (
            "a huge parallelism",
            json!({ "parallelism": 4_000_000_000_u32 }).to_string(),
        ),
        (
            "an impossible parallelism",
            json!({ "parallelism": 100_000 }).to_string(),
        ),
        (
            "a setting of the process",
            json!({ "settings": { "security.tokens-file": "/dev/null" } }).to_string(),
        ),
        (
            "a setting that is none",
            json!({ "settings": { "x.y": "z" } }).to_string(),
        ),
        (
            "a grant nobody asks for",
            json!({ "grants": { "files": "/etc" } }).to_string(),
        ),
        (
            "an unknown parameter",
            json!({ "parameters": { "../x": "1" } }).to_string(),
        ),
        (
            "odd arguments",
            json!({ "programArgsList": ["--job"] }).to_string(),
        ),
        (
            "no folder of checkpoints",
            json!({ "savepointPath": "/etc/passwd", "restore": "latest" }).to_string(),
        ),
        ("invalid text", "\"\\ud800\"".to_owned()),
        ("null", "null".to_owned()),
    ]
}

fn hostile_requests(address: &str) -> Vec<String> {
    let post = |headers: &str, body: &str| {
        format!(
            "POST /jars/upload HTTP/1.0\r\nHost: {address}\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    vec![
        "\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        "\u{1}\u{2}\u{3}\r\n\r\n".to_owned(),
        format!(
            "GET /{} HTTP/1.0\r\nHost: {address}\r\n\r\n",
            "a".repeat(60_000)
        ),
        format!(
            "GET / HTTP/1.0\r\nHost: {address}\r\n{}\r\n",
            "X: y\r\n".repeat(5_000)
        ),
        format!(
            "GET / HTTP/1.0\r\nHost: {address}\r\nX: {}\r\n\r\n",
            "a".repeat(600_000)
        ),
        format!("TRACE / HTTP/1.0\r\nHost: {address}\r\n\r\n"),
        format!("CONNECT evil.example:443 HTTP/1.0\r\nHost: {address}\r\n\r\n"),
        format!("GET http://evil.example/ HTTP/1.0\r\nHost: {address}\r\n\r\n"),
        post("Content-Type: multipart/form-data\r\n", "no boundary"),
        post(
            "Content-Type: multipart/form-data; boundary=x\r\n",
            "--x\r\nContent-Disposition: form-data\r\n\r\n",
        ),
        post(
            "Content-Type: multipart/form-data; boundary=x\r\n",
            "--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"b\"\r\n\r\nhalf",
        ),
        format!(
            "POST /jars/upload HTTP/1.0\r\nHost: {address}\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 999999999999\r\n\r\n"
        ),
    ]
}

#[test]
fn pages_of_other_sites_are_refused() {
    let dir = tempdir().expect("a directory");
    let cluster = Cluster::start(dir.path());
    let bench = cluster.upload("bench");
    let own = format!("http://{}", cluster.address);
    let json = ("Content-Type", "application/json");
    let run = format!("/components/{bench}/run");
    let attempts: [&[(&str, &str)]; 6] = [
        &[("Origin", "http://evil.example"), json],
        &[("Origin", "null"), json],
        &[("Sec-Fetch-Site", "cross-site"), json],
        &[("Origin", &own), json],
        &[("Referer", "http://evil.example/"), json],
        &[
            ("Origin", "http://127.0.0.1:1"),
            json,
            ("X-Requested-With", "wasmill"),
        ],
    ];
    for headers in attempts {
        cluster.request("POST", &run, headers, b"{}").is(403);
    }
    for kind in ["text/plain", "application/x-www-form-urlencoded"] {
        cluster
            .request("POST", &run, &[("Content-Type", kind)], b"{}")
            .is(415);
    }
    // A name that somebody else owns may lead here.
    for host in [
        "evil.example",
        "evil.example:80",
        "localhost.evil.example",
        "",
    ] {
        let request = format!("GET /jobs HTTP/1.0\r\nHost: {host}\r\n\r\n");
        assert_eq!(
            send_raw(&cluster.address, request.as_bytes()).status,
            403,
            "{host}"
        );
    }
    assert_eq!(cluster.get("/jobs")["jobs"], json!([]));
    let console = [
        ("Origin", own.as_str()),
        json,
        ("X-Requested-With", "wasmill"),
    ];
    cluster
        .request("POST", &run, &console, b"{\"parameters\":{\"n\":1}}")
        .is(200);
    let page = cluster.request("GET", "/", &[], &[]).is(200);
    for header in [
        "content-security-policy: default-src 'none'",
        "frame-ancestors 'none'",
        "nosniff",
        "no-referrer",
    ] {
        assert!(page.headers.contains(header), "{}", page.headers);
    }
    let small = cluster.request("GET", "/openapi.json", &[("Accept-Encoding", "gzip")], &[]);
    assert!(
        small.headers.contains("content-encoding: gzip"),
        "{}",
        small.headers
    );
}

#[test]
fn tokens_allow_what_their_role_does() {
    let dir = tempdir().expect("a directory");
    let make = |role: &str| {
        let made = Run::bare("token").arg(role).arg("test").end().success();
        let line = made
            .err
            .split("file: ")
            .nth(1)
            .expect("a line")
            .trim()
            .to_owned();
        (made.out.trim().to_owned(), line)
    };
    let tokens: Vec<(String, String)> = ["view", "submit", "admin"].map(make).into();
    let file = dir.path().join("tokens");
    let lines: Vec<&str> = tokens.iter().map(|(_, line)| line.as_str()).collect();
    std::fs::write(&file, lines.join("\n")).expect("a file");
    let cluster = Cluster::start_as(dir.path(), |run| run.set("security.tokens-file", &file));
    let ask = |method: &str, path: &str, token: &str| {
        let header = format!("Bearer {token}");
        cluster
            .request(method, path, &[("Authorization", &header)], &[])
            .status
    };
    let (view, submit, admin) = (&tokens[0].0, &tokens[1].0, &tokens[2].0);
    let nobody = "0".repeat(64);
    for (method, path, wanted) in [
        ("GET", "/jobs", [401, 200, 200, 200]),
        ("GET", "/v1/jobs", [401, 200, 200, 200]),
        ("PATCH", "/jobs/x", [401, 403, 400, 400]),
        ("POST", "/components/x/run", [401, 403, 404, 404]),
        ("DELETE", "/components/x", [401, 403, 403, 404]),
        ("GET", "/jobmanager/config", [401, 403, 403, 200]),
        ("GET", "/healthz", [200; 4]),
        ("GET", "/", [200; 4]),
    ] {
        let got = [&nobody, view, submit, admin].map(|token| ask(method, path, token));
        assert_eq!(got, wanted, "{method} {path}");
    }
    assert_eq!(cluster.request("GET", "/jobs", &[], &[]).status, 401);
    cluster.verb("list", &[]).fails_naming(&["token"]);
    let setting = format!("rest.token=\"{view}\"");
    cluster.verb("list", &["-D", &setting]).success();
}

#[test]
fn a_public_address_is_refused_unless_it_is_protected() {
    let dir = tempdir().expect("a directory");
    let public = || {
        Run::bare("cluster")
            .arg("--listen")
            .arg("0.0.0.0:0")
            .arg("--data-dir")
            .arg(dir.path())
    };
    public()
        .end()
        .fails_naming(&["can be reached by others", "--insecure"]);
    let cluster = Cluster::of(public().arg("--insecure").start());
    drop(cluster);
    Run::bare("cluster")
        .set("rest.address", "nowhere")
        .end()
        .fails_naming(&["rest.address", "nowhere"]);
}

#[test]
fn a_client_that_asks_too_often_is_told_to_wait() {
    let dir = tempdir().expect("a directory");
    let cluster = Cluster::start_as(dir.path(), |run| {
        run.set("rest.max-requests-per-second", "5")
    });
    let statuses: Vec<u16> = (0..40)
        .map(|_| cluster.request("GET", "/healthz", &[], &[]).status)
        .collect();
    assert!(
        statuses.contains(&429) && statuses.contains(&200),
        "{statuses:?}"
    );
}

#[test]
fn uploads_have_a_limit_and_jobs_go_on_beside_hostile_ones() {
    let dir = tempdir().expect("a directory");
    let cluster = Cluster::start_as(dir.path(), |run| run.set("rest.max-content-length", "1MiB"));
    let bench = cluster.upload("bench");
    let job = cluster.run(&bench, &endless(1));
    cluster.reaches(&job, "RUNNING");
    let large = vec![0; 3 << 20];
    let refused = cluster.send_file("/components/upload", "file", "large.wasm", &large);
    assert!(matches!(refused.status, 413 | 0), "{}", refused.text());
    let faulty = std::fs::metadata(guest("faulty")).expect("the plugin is built");
    assert!(faulty.len() < 1 << 20);
    let hostile = cluster.upload("faulty");
    let hostile = cluster.run(
        &hostile,
        &json!({ "parameters": { "fault": "panic", "rate": 1000 } }),
    );
    cluster.reaches(&hostile, "FAILED");
    assert_eq!(cluster.state(&job), "RUNNING");
    assert_eq!(
        cluster.get("/components")["files"].as_array().map(Vec::len),
        Some(2)
    );
}
