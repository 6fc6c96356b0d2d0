//! Promises of the manifest document.

use proptest::prelude::*;

use super::*;

const MANIFEST: &str = r#"{
  "version": 1, "name": "word-count",
  "sdk": { "language": "rust", "name": "wasmill-sdk", "version": "0.1.0" },
  "parameters": [ { "name": "path", "type": "string", "default": null, "description": "what to read" },
                  { "name": "limit", "type": "long", "default": 3 } ],
  "operators": [ ]
}"#;

fn read(document: &str) -> Result<Manifest, WasmError> {
    parse("it", "manifest", document, |manifest: &Manifest| {
        check_version(manifest.version)
    })
}

#[test]
fn the_documented_manifest_is_read() {
    let manifest = read(MANIFEST).expect("a manifest");
    assert_eq!(manifest.parameters[0].default, Value::Null);
    assert_eq!(manifest.parameters[1].default, 3);
    assert_eq!(manifest.parameters[1].value_type, ParameterType::Long);
}

#[test]
fn a_defect_names_its_field() {
    let document = MANIFEST.replace(r#""long""#, r#""short""#);
    let error = read(&document).expect_err("no such type").to_string();
    assert!(
        error.starts_with("manifest of it, parameters[1].type: "),
        "{error}"
    );
}

proptest! {
    #[test]
    fn no_document_brings_the_host_down(
        at in 0..MANIFEST.len(),
        length in 0..40usize,
        text in "[0-9]{20}|-1|null|\\PC{0,6}|[\\[{\"]",
    ) {
        let mut document = MANIFEST.to_owned();
        document.replace_range(at..(at + length).min(MANIFEST.len()), &text);
        let read = read(&document);
        let refused = matches!(read, Err(WasmError::Document { .. }));
        prop_assert!(read.is_ok() || refused);
    }
}
