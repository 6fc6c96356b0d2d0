//! Which schemas fit each other.

use super::fits;

const TOKEN: &str = r#"{"type":"record","name":"Token","fields":[{"name":"a","type":"long"},{"name":"b","type":["null","string"]}]}"#;

#[test]
fn names_of_records_are_the_authors_own() {
    let word = TOKEN.replace("Token", "Word");
    assert!(fits(TOKEN, &word, false));
    let documented = TOKEN.replace(r#""name":"a""#, r#""doc":"x","name":"a""#);
    assert!(fits(TOKEN, &documented, false));
    assert!(fits(r#"{"type":"long"}"#, r#""long""#, false));
}

#[test]
fn fields_must_agree_in_name_type_and_order() {
    let renamed = TOKEN.replace(r#""name":"a""#, r#""name":"c""#);
    assert!(!fits(TOKEN, &renamed, false));
    assert!(
        fits(TOKEN, &renamed, true),
        "a connector's names are nobody's choice"
    );
    assert!(!fits(TOKEN, &TOKEN.replace("long", "int"), true));
    assert!(!fits(TOKEN, r#""string""#, true));
    assert!(!fits("no JSON", "neither", true));
}

#[test]
fn a_type_that_is_used_again_is_the_same_type() {
    let twice = |name: &str| {
        let inner = format!(r#"{{"type":"fixed","name":"{name}","size":4}}"#);
        format!(
            r#"{{"type":"record","name":"R","fields":[{{"name":"x","type":{inner}}},{{"name":"y","type":"{name}"}}]}}"#
        )
    };
    assert!(fits(&twice("F"), &twice("G"), false));
}
