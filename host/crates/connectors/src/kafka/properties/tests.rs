//! Properties: which names are taken, and that values stay secret.

use serde_json::json;

use super::*;

fn split(keys: Value) -> Result<(Properties, Value), ConnectorError> {
    Properties::split(keys)
}

#[test]
fn properties_are_taken_by_prefix_by_object_and_by_short_name() {
    let (own, others) = split(json!({
        "bootstrap-servers": "a:1",
        "properties.linger.ms": 7,
        "properties": { "check.crcs": true },
        "topic": "t",
    }))
    .expect("all are properties");
    assert_eq!(own.servers(), "a:1");
    assert_eq!(own.get("linger.ms"), Some("7"));
    assert_eq!(own.get("check.crcs"), Some("true"));
    assert_eq!(others, json!({ "topic": "t" }));
    let client = own
        .client(&[("linger.ms", "1")], &[])
        .expect("they are known");
    assert_eq!(
        client.get("linger.ms"),
        Some("7"),
        "the user's go before defaults"
    );
}

#[test]
fn brokers_must_be_named() {
    for keys in [json!({}), json!({ "bootstrap-servers": "" })] {
        let (own, _) = split(keys).expect("no wrong property");
        let error = own
            .must_name_brokers()
            .expect_err("there is none")
            .to_string();
        assert!(error.contains("properties.bootstrap.servers"), "{error}");
    }
}

#[test]
fn what_follows_from_other_keys_and_what_is_no_text_is_refused() {
    for (keys, named) in [
        (
            json!({ "properties.transactional.id": "x" }),
            "transactional.id",
        ),
        (
            json!({ "properties": { "enable.auto.commit": true } }),
            "enable.auto.commit",
        ),
        (json!({ "properties.linger.ms": [1] }), "linger.ms"),
    ] {
        let error = split(keys).err().expect("it is refused").to_string();
        assert!(error.contains(named), "{error}");
    }
}

#[test]
fn errors_of_the_client_name_the_property_and_hide_its_value() {
    for name in ["nonsense", "linger.ms"] {
        let key = format!("properties.{name}");
        let (own, _) = split(json!({ "bootstrap-servers": "a:1", key: "hunter2" })).expect("text");
        let error = own.client(&[], &[]).expect_err("it is refused").to_string();
        assert!(error.contains(name), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}
