//! No byte is lost on the way into an Avro file and back.

use apache_avro::Schema;
use apache_avro::types::Value;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{Coding, Part};

fn schemas() -> Vec<Json> {
    let record = json!({ "type": "record", "name": "R", "fields": [
        { "name": "a", "type": "long" }, { "name": "b", "type": ["null", "string"] },
    ] });
    vec![
        json!("long"),
        json!("string"),
        json!("bytes"),
        json!(["null", "long"]),
        json!(["long", "string", record.clone()]),
        record.clone(),
        json!({ "type": "array", "items": record }),
        json!({ "type": "nonsense" }),
    ]
}

proptest! {
    #[test]
    fn any_bytes_come_back(index in 0..8usize, bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let schema = &schemas()[index];
        for coding in [Coding::Row, Coding::SubKey] {
            let part = Part::new(Some(schema), coding, "value");
            let value = part.read(&bytes);
            prop_assert_eq!(part.write(&value), Some(bytes.clone()));
            let avro = Schema::parse(part.schema()).expect("an Avro schema");
            prop_assert!(value.validate(&avro), "{value:?} is not of {}", part.schema());
        }
    }

    #[test]
    fn a_timer_comes_back(time in any::<i64>(), namespace in prop::collection::vec(any::<u8>(), 0..20)) {
        let mut bytes = Vec::new();
        dataflow::time::timer::timer_sub_key(time, &namespace, &mut bytes);
        let part = Part::timer();
        let value = part.read(&bytes);
        prop_assert_eq!(part.write(&value), Some(bytes));
        prop_assert!(matches!(value, Value::Union(0, _)));
    }

    #[test]
    fn an_ordered_number_is_typed(number in any::<i64>()) {
        let bytes = (number ^ i64::MIN).to_be_bytes();
        let part = Part::new(Some(&json!("long")), Coding::SubKey, "sub_key");
        prop_assert_eq!(part.read(&bytes), Value::Union(0, Box::new(Value::Long(number))));
        prop_assert_eq!(part.to_json(&bytes), json!(number));
    }
}

#[test]
fn types_of_one_name_in_two_places_do_not_meet() {
    let ours =
        json!({ "type": "record", "name": "R", "fields": [{ "name": "x", "type": "long" }] });
    let theirs = json!({ "type": "record", "name": "R", "fields": [
        { "name": "y", "type": "string" },
        { "name": "z", "type": ["null", { "type": "enum", "name": "E", "symbols": ["A"] }] },
        { "name": "e", "type": "E" },
    ] });
    let key = Part::new(Some(&ours), Coding::Row, "key");
    let value = Part::new(Some(&theirs), Coding::Row, "value");
    let both = json!({ "type": "record", "name": "entry", "fields": [
        { "name": "key", "type": key.schema() }, { "name": "value", "type": value.schema() },
    ] });
    assert!(Schema::parse(&both).is_ok(), "{both}");
    assert!(value.ty().is_some());
}
