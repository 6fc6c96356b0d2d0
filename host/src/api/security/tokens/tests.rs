//! Who may do what.

use std::io::Write;

use super::*;

fn tokens(lines: &[String]) -> Result<Tokens> {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(lines.join("\n").as_bytes()).expect("lines");
    Tokens::read(file.path())
}

fn bearer(token: &str) -> HeaderValue {
    HeaderValue::from_str(&format!("Bearer {token}")).expect("a header")
}

#[test]
fn a_role_allows_what_those_before_it_do() {
    let (token, line) = new_token(Role::Submit, "ci").expect("a token");
    let tokens = tokens(&["# comment".to_owned(), line]).expect("tokens");
    assert!(tokens.check(Some(&bearer(&token)), Role::View).is_ok());
    assert!(tokens.check(Some(&bearer(&token)), Role::Submit).is_ok());
    assert!(tokens.check(Some(&bearer(&token)), Role::Admin).is_err());
    assert!(tokens.check(Some(&bearer("0")), Role::View).is_err());
    assert!(tokens.check(None, Role::View).is_err());
}

#[test]
fn a_file_without_tokens_or_with_a_wrong_line_is_refused() {
    assert!(tokens(&[]).is_err());
    assert!(tokens(&["root 00 x".to_owned()]).is_err());
    assert!(tokens(&["view nohash x".to_owned()]).is_err());
}

#[test]
fn every_request_that_changes_something_needs_more_than_to_look() {
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        assert!(
            Role::needed(&method, "/jobs/1") > Some(Role::View),
            "{method}"
        );
    }
    assert_eq!(Role::needed(&Method::GET, "/jobs"), Some(Role::View));
    assert_eq!(
        Role::needed(&Method::GET, "/jobs/1/states/a/b"),
        Some(Role::Submit)
    );
    assert_eq!(
        Role::needed(&Method::GET, "/jobmanager/config"),
        Some(Role::Admin)
    );
    assert_eq!(Role::needed(&Method::GET, "/index.html"), None);
}
