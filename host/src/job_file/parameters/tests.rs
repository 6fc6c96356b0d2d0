//! What `${name}` becomes.

use std::path::Path;

use super::*;
use crate::job_file::document::OperatorEntry;

fn job(text: &str) -> JobFile {
    let mut job = JobFile::new("job");
    let long = |value| Scalar::Long(value);
    job.parameters.insert("n".to_owned(), long(7));
    job.parameters
        .insert("word".to_owned(), Scalar::Text("a b".to_owned()));
    let mut connector = serde_json::Map::new();
    connector.insert("key".to_owned(), Value::from(text));
    job.operators.push(OperatorEntry {
        source: Some(connector),
        ..OperatorEntry::default()
    });
    job
}

fn becomes(text: &str) -> Result<Value, Defect> {
    let mut job = job(text);
    let values = values(&job, Path::new("dir"), &[])?;
    substitute(&mut job, &values)?;
    let source = job.operators[0].source.clone();
    Ok(source.unwrap()["key"].clone())
}

#[test]
fn a_text_that_is_a_parameter_takes_its_type() {
    assert_eq!(becomes("${n}").unwrap(), 7);
    assert_eq!(becomes("${word}").unwrap(), "a b");
    assert_eq!(becomes("${job_dir}/in").unwrap(), "dir/in");
}

#[test]
fn parameters_are_replaced_within_texts_once() {
    assert_eq!(becomes("<${n}${word}>").unwrap(), "<7a b>");
    assert_eq!(becomes("$${n} ${n} $5 {n}").unwrap(), "${n} 7 $5 {n}");
    assert_eq!(becomes("").unwrap(), "");
}

#[test]
fn a_literal_text_stands_for_itself() {
    for text in ["${n}", "$${n}", "a${", "$", "${}"] {
        assert_eq!(becomes(&literal(text)).unwrap(), text);
    }
}

#[test]
fn what_is_no_parameter_is_named() {
    for text in ["${m}", "x${", "${}"] {
        let Err(Defect::Wrong(field, reason)) = becomes(text) else {
            panic!("{text} was accepted");
        };
        assert_eq!(field, "operators[0].source.key");
        assert!(reason.contains('"'), "{reason}");
    }
}

#[test]
fn given_values_have_the_types_of_the_defaults() {
    let given = |name: &str, text: &str| [(name.to_owned(), text.to_owned())];
    let job = job("");
    let long = values(&job, Path::new(""), &given("n", "8")).unwrap();
    assert_eq!(long["n"], Scalar::Long(8));
    assert!(values(&job, Path::new(""), &given("n", "eight")).is_err());
    assert!(values(&job, Path::new(""), &given("m", "8")).is_err());
}
