//! What operators may use and do use, as a cluster shows it.

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::support::cluster::{Cluster, endless};

#[test]
fn limits_are_shown_with_their_use() {
    let dir = tempdir().expect("a directory");
    let cluster = Cluster::start(dir.path());
    let bench = cluster.upload("bench");
    let mut body = endless(2);
    body["settings"]["guest.memory"] = json!("100MiB");
    let job = cluster.run(&bench, &body);
    let of = |document: &Value, uid: &str, name: &str| {
        let mut operators = document["operators"].as_array().into_iter().flatten();
        let operator = operators.find(|it| it["uid"] == uid).cloned();
        let limits = operator.map(|it| it["limits"].as_array().cloned().unwrap_or_default());
        let mut limits = limits.unwrap_or_default().into_iter();
        limits.find(|it| it["name"] == name).unwrap_or_default()
    };
    let limits = cluster.until(&format!("/jobs/{job}/limits"), |it| {
        of(it, "count", "guest.state")["used"].as_u64() > Some(0)
            && of(it, "count", "guest.memory")["used"].as_u64() > Some(0)
    });
    let memory = of(&limits, "count", "guest.memory");
    assert_eq!(memory["limit"], 100 << 20, "{limits}");
    assert!(
        memory["used"].as_u64() < memory["limit"].as_u64(),
        "{limits}"
    );
    assert_eq!(of(&limits, "count", "guest.call-timeout")["unit"], "ms");
}
