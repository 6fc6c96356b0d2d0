//! Every rule finds a planted breach and is content with the right form beside it, so no rule can rot unseen.

use crate::tree::{Finding, Tree, blank};
use crate::{arrows, contract, files, prose, words};

/// The rule finds exactly one thing in the bad file and nothing in the good one.
fn check(rule: fn(&Tree) -> Vec<Finding>, bad: (&str, &str), good: (&str, &str)) {
    let findings = rule(&Tree::planted(&[bad]));
    assert_eq!(findings.len(), 1, "in {bad:?}: {findings:?}");
    assert_eq!(rule(&Tree::planted(&[good])), [], "in {good:?}");
}

fn depends(on: &str) -> String {
    format!("[package]\nname = \"x\"\n[dependencies]\n{on}.workspace = true\n")
}

#[test]
fn comments_and_literals_are_no_code() {
    let code = "let a = \"un\\\"safe\"; // unsafe\nlet b = r#\"x\"y\"#; /* z */ let c = 'u'; &'a str '\\'' b\"q\"";
    let blanked = blank(code);
    assert_eq!(blanked.lines().count(), 2);
    for gone in ["unsafe", "x", "y", "z", "u'", "q"] {
        assert!(!blanked.contains(gone), "{gone:?} is left in {blanked:?}");
    }
    assert!(blanked.contains("&'a str"), "{blanked:?}");
}

#[test]
fn a_wrong_arrow_is_found() {
    for (path, on) in [
        ("host/crates/dataflow/Cargo.toml", "state"),
        ("host/crates/dataflow/Cargo.toml", "crossbeam"),
        ("host/crates/dataflow/Cargo.toml", "wasmtime"),
        ("host/crates/runtime/Cargo.toml", "wasm"),
        ("host/crates/connectors/Cargo.toml", "runtime"),
        ("host/crates/state/Cargo.toml", "tokio"),
        ("host/crates/runtime/Cargo.toml", "rocksdb"),
        ("host/crates/runtime/Cargo.toml", "clap"),
        ("host/Cargo.toml", "wasmtime-wasi"),
        ("guest-sdk/rust/Cargo.toml", "dataflow"),
        ("plugins/bench/Cargo.toml", "wasmill"),
        ("tests/Cargo.toml", "axum"),
    ] {
        check(
            arrows::manifests,
            (path, &depends(on)),
            (
                path,
                &depends(if path.starts_with("guest") {
                    "serde_json"
                } else {
                    "thiserror"
                }),
            ),
        );
    }
    let (dev, renamed) = (
        "[dev-dependencies]\nwasm = {}\n",
        "[target.'cfg(unix)'.dependencies]\nengine = { package = \"wasmtime\" }\n",
    );
    check(
        arrows::manifests,
        ("host/crates/state/Cargo.toml", dev),
        ("host/crates/state/Cargo.toml", &depends("rocksdb")),
    );
    check(
        arrows::manifests,
        ("host/Cargo.toml", renamed),
        ("host/Cargo.toml", &depends("axum")),
    );
    check(
        arrows::manifests,
        ("host/Cargo.toml", "[package"),
        ("host/Cargo.toml", "[package]"),
    );
}

#[test]
fn a_library_in_the_wrong_room_is_found() {
    check(
        arrows::owned_words,
        ("host/src/node.rs", "use wasmtime::Engine;"),
        ("host/crates/wasm/src/engine.rs", "use wasmtime::Engine;"),
    );
    check(
        arrows::owned_words,
        ("host/crates/runtime/src/a.rs", "fn a(db: &rocksdb::DB) {}"),
        (
            "host/src/node.rs",
            "use state::rocksdb::Backend; // rocksdb::DB is hidden in it",
        ),
    );
    check(
        arrows::tokio_words,
        ("host/crates/runtime/src/task/step.rs", "tokio::spawn(x);"),
        (
            "host/crates/runtime/src/network/remote.rs",
            "tokio::spawn(x);",
        ),
    );
}

#[test]
fn a_law_that_does_io_is_found() {
    check(
        arrows::laws,
        ("host/crates/dataflow/src/a.rs", "use std::fs;"),
        ("host/crates/state/src/a.rs", "use std::fs;"),
    );
    check(
        arrows::environment,
        (
            "host/crates/state/src/a.rs",
            "let v = std::env::var(\"X\");",
        ),
        ("host/src/config.rs", "let v = std::env::var(\"X\");"),
    );
}

#[test]
fn a_file_of_the_wrong_form_is_found() {
    check(
        files::open_with_a_purpose,
        ("host/src/a.rs", "use x;\n//! Late."),
        ("host/src/a.rs", "//! What it is.\n"),
    );
    check(
        files::are_short,
        ("host/src/a.rs", &"x\n".repeat(501)),
        ("host/src/a.rs", &"x\n".repeat(500)),
    );
    for name in [
        "util.rs",
        "types.rs",
        "task_manager.rs",
        "common/row.rs",
        "string_helpers.rs",
    ] {
        let path = format!("host/src/{name}");
        check(
            files::are_named_by_a_noun,
            (&path, ""),
            ("host/src/row.rs", ""),
        );
    }
    check(
        files::keep_tests_beside,
        (
            "host/src/a.rs",
            "#[cfg(test)]\n#[expect(x)]\nmod tests {\n}",
        ),
        ("host/src/a.rs", "#[cfg(test)]\nmod tests;\nmod b {\n}"),
    );
}

#[test]
fn a_banned_word_is_found() {
    for bad in [
        "todo!()",
        "dbg!(x);",
        "#[ignore]",
        "#[should_panic(x)]",
        "std::thread::sleep(d);",
    ] {
        check(
            words::banned,
            ("host/src/a.rs", bad),
            ("host/src/a.rs", "// todo!()\nmy_dbg!(x)"),
        );
    }
    check(
        words::notes,
        ("README.md", "TODO: write"),
        ("README.md", "TODO(#12): write"),
    );
    check(words::notes, ("a.sh", "# FIXME"), ("a.sh", "# fixed"));
    check(
        words::machine_paths,
        ("docs/A.md", "see `/home/me/x`"),
        ("docs/A.md", "see ~/x, https://a.org/home/x and src/work/x"),
    );
    check(
        words::unsafe_code,
        ("host/src/a.rs", "unsafe { x() }"),
        ("host/src/a.rs", "#![forbid(unsafe_code)] // unsafe"),
    );
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let good =
        "# A b\n[a](../docs/A.md#a-b) [b](#a-b) [c](https://x.org/y)\n```\n[d](nowhere)\n```\n";
    check(
        prose::links_resolve,
        ("docs/A.md", "[a](B.md)"),
        ("docs/A.md", good),
    );
    check(
        prose::links_resolve,
        ("docs/A.md", "[a](#gone)"),
        ("docs/A.md", "no link"),
    );
    check(
        prose::links_resolve,
        ("docs/A.md", "[a](../../x)"),
        ("docs/A.md", "[a](../docs)"),
    );
}

#[test]
fn a_quotation_that_has_drifted_is_found() {
    let page = "<!-- from a.rs -->\n```rust\nfn a() {\n    b();\n}\n```\n";
    let source = "//! A.\nfn a() {\n    b();\n}\n";
    let with =
        |text: &str| prose::quotations(&Tree::planted(&[("README.md", page), ("a.rs", text)]));
    assert_eq!(with(source), []);
    assert_eq!(with(&source.replace("b()", "c()")).len(), 1);
    assert_eq!(
        prose::quotations(&Tree::planted(&[("README.md", page)])).len(),
        1
    );
}

#[test]
fn a_feature_list_with_a_gap_is_found() {
    let tree = Tree::read();
    let list = &tree
        .file("docs/FEATURES.md")
        .expect("the list is there")
        .text;
    let line = list
        .lines()
        .find(|line| line.starts_with("| C07 |"))
        .expect("C07 is there");
    let findings =
        |text: String| prose::features(&Tree::planted(&[("docs/FEATURES.md", &text)])).len();
    assert_eq!(findings(list.clone()), 0);
    assert_eq!(findings(list.replace(line, "")), 1);
    assert_eq!(findings(list.replace(line, &format!("{line}\n{line}"))), 1);
    assert_eq!(
        findings(list.replace(line, "| C07 | Global window | maybe |")),
        1
    );
    assert_eq!(
        findings(format!("{list}\n| Z01 | Something | not yet |")),
        1
    );
}

#[test]
fn a_contract_item_without_a_comment_is_found() {
    let good = "/// I.\ninterface i {\n  /// R, with `a` in it.\n  record r {\n    a: u32,\n  }\n\n  /// F.\n  f: func(\n    x: u32,\n  ) -> r;\n}\n";
    check(
        contract::wit_is_documented,
        ("wit/a.wit", &good.replace("/// F.", "")),
        ("wit/a.wit", good),
    );
    check(
        contract::wit_is_documented,
        ("wit/a.wit", &good.replace("/// I.", "")),
        ("wit/a.wit", good),
    );
    check(
        contract::wit_is_documented,
        ("wit/a.wit", &good.replace("`a`", "`b`")),
        ("wit/a.wit", good),
    );
}

#[test]
fn a_library_without_a_reason_is_found() {
    let table = |lines: &str| format!("[workspace.dependencies]\n{lines}");
    let good = table("# Why.\na = \"1\"\nb = \"1\"\nc = \"1\"\n\n# Ours.\nx = { path = \"x\" }\n");
    for bad in [
        "a = \"1\"\n",
        "# Why.\nz = \"1\"\n\na = \"1\"\n",
        "# Why.\na = \"1\"\nb = \"1\"\nc = \"1\"\nd = \"1\"\n",
    ] {
        check(
            contract::libraries_have_a_reason,
            ("Cargo.toml", &table(bad)),
            ("Cargo.toml", &good),
        );
    }
}

#[test]
fn a_kept_rocksdb_of_another_version_is_found() {
    let lock = "x\n[[package]]\nname = \"librocksdb-sys\"\nversion = \"0.19.0+1\"\n";
    assert_eq!(contract::kept_rocksdb(lock, ""), []);
    assert_eq!(
        contract::kept_rocksdb(lock, "DIR = \"c/rocksdb-0.19.0+1-lz4-linux\""),
        []
    );
    assert_eq!(
        contract::kept_rocksdb(lock, "DIR = \"c/rocksdb-0.18.0+1-lz4-linux\"").len(),
        1
    );
}
