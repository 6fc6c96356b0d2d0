//! From a file to a component: what is refused and how, what is kept, what a component says about itself.

mod support;

use std::path::Path;

use dataflow::port::operator::OperatorError;
use support::{behaviors, clock, guests, runtime};
use wasm::{Component, Digest, ModuleLimits, Runtime, RuntimeConfig, SourceForm, WasmError, World};

fn arguments(behavior: &str) -> Vec<(String, String)> {
    vec![("behavior".to_owned(), behavior.to_owned())]
}

fn cached(dir: &Path) -> Component {
    let config = RuntimeConfig {
        cache_dir: Some(dir.to_owned()),
        ..RuntimeConfig::default()
    };
    let runtime = Runtime::new(config, clock()).expect("a runtime");
    behaviors(&runtime)
}

/// The one compiled component in a cache.
fn artefact(dir: &Path) -> std::path::PathBuf {
    let files = std::fs::read_dir(dir).expect("the cache");
    let mut paths = files.map(|file| file.expect("a file").path());
    paths
        .find(|path| path.extension().is_some_and(|it| it == "cwasm"))
        .expect("an artefact")
}

#[test]
fn a_second_load_comes_from_the_cache() {
    let dir = tempfile::tempdir().expect("a directory");
    assert!(!cached(dir.path()).is_from_cache());
    let second = cached(dir.path());
    assert!(second.is_from_cache());
    second.describe().expect("and it works");
}

#[test]
fn a_tampered_artefact_is_compiled_again() {
    let dir = tempfile::tempdir().expect("a directory");
    cached(dir.path());
    let path = artefact(dir.path());
    let whole = std::fs::read(&path).expect("the artefact");
    let middle = whole.len() / 2;
    let mut flipped = whole.clone();
    flipped[middle] ^= 1;
    for tampered in [flipped, whole[..middle].to_vec(), Vec::new(), vec![0; 7]] {
        std::fs::write(&path, tampered).expect("tampering");
        let component = cached(dir.path());
        assert!(!component.is_from_cache());
        component.describe().expect("and it works");
        assert!(cached(dir.path()).is_from_cache(), "it was not repaired");
    }
}

#[test]
fn an_artefact_of_another_cache_is_not_loaded() {
    let (ours, theirs) = (tempfile::tempdir(), tempfile::tempdir());
    let (ours, theirs) = (ours.expect("a directory"), theirs.expect("a directory"));
    cached(ours.path());
    cached(theirs.path());
    let foreign = artefact(theirs.path());
    std::fs::copy(foreign, artefact(ours.path())).expect("planting");
    assert!(!cached(ours.path()).is_from_cache());
}

#[test]
fn the_key_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().expect("a directory");
    cached(dir.path());
    let key = dir.path().join("artefact.key");
    let mode = std::fs::metadata(&key)
        .expect("the key")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(&key, open).expect("opening the key");
    let config = RuntimeConfig {
        cache_dir: Some(dir.path().to_owned()),
        ..RuntimeConfig::default()
    };
    let refused = Runtime::new(config, clock()).expect_err("an open key");
    assert!(matches!(refused, WasmError::Cache { .. }), "{refused}");
}

#[test]
fn a_core_module_becomes_a_component() {
    let component = behaviors(&runtime());
    let found = component.inspect();
    assert_eq!(found.form, SourceForm::CoreModule);
    assert_eq!(found.world, World::Job);
    assert_eq!(component.digest(), Digest::of(&guests::bytes("behaviors")));
    assert!(found.functions > 10 && found.code_bytes > 1_000);
    let state = "wasmill:dataflow/state@0.1.0".to_owned();
    assert!(found.imports.contains(&state), "{:?}", found.imports);
}

#[test]
fn a_component_is_taken_as_it_is() {
    let module = guests::bytes("plain");
    let mut encoder = wit_component::ComponentEncoder::default();
    let encoder = encoder.module(&module).expect("a module");
    let bytes = encoder.encode().expect("a component");
    let component = runtime().load_bytes("it", &bytes).expect("it loads");
    assert_eq!(component.inspect().form, SourceForm::Component);
    assert_eq!(component.inspect().world, World::Operators);
}

#[test]
fn what_is_no_component_is_refused_by_name() {
    let runtime = runtime();
    let refuse = |bytes: &[u8]| runtime.load_bytes("it", bytes).expect_err("refused");
    for bytes in [&b""[..], b"\x7fELF", b"(module)", b"PK\x03\x04"] {
        let error = refuse(bytes);
        assert!(matches!(error, WasmError::NotWasm { .. }), "{error}");
    }
    let module = b"\0asm\x01\0\0\0";
    let error = refuse(module);
    assert!(
        matches!(error, WasmError::NoComponentType { .. }),
        "{error}"
    );
    let whole = guests::bytes("behaviors");
    for cut in [9, 100, whole.len() / 2, whole.len() - 1] {
        let error = refuse(&whole[..cut]);
        assert!(
            matches!(
                error,
                WasmError::Compile { .. }
                    | WasmError::NoComponentType { .. }
                    | WasmError::Componentize { .. }
            ),
            "{error}"
        );
    }
    let missing = runtime.load(Path::new("no/such/file.wasm"));
    assert!(matches!(missing, Err(WasmError::Read { .. })));
}

#[test]
fn missing_exports_and_unknown_imports_are_listed() {
    let runtime = runtime();
    let refuse = |name| runtime.load(&guests::path(name)).expect_err("refused");
    let error = refuse("hollow").to_string();
    assert!(error.contains("wasmill:dataflow/operator@0.1.0"), "{error}");
    assert!(error.contains("wasmill:dataflow/manifest@0.1.0"), "{error}");
    let error = refuse("stranger");
    assert!(
        matches!(&error, WasmError::UnknownImports { unknown, .. } if unknown == &["test:stranger/outside"]),
        "{error}"
    );
}

#[test]
fn a_component_of_another_contract_is_refused_when_it_is_loaded() {
    let refused = runtime().load(&guests::path("outdated"));
    let error = refused.expect_err("its types are others");
    assert!(matches!(error, WasmError::Incompatible { .. }), "{error}");
}

#[test]
fn the_absurdly_large_is_not_compiled() {
    let limits = ModuleLimits::default();
    for (module_limits, limit) in [
        (
            ModuleLimits {
                file_bytes: 1_000,
                ..limits
            },
            "file size (bytes)",
        ),
        (
            ModuleLimits {
                functions: 5,
                ..limits
            },
            "functions",
        ),
        (
            ModuleLimits {
                function_bytes: 50,
                ..limits
            },
            "size of one function (bytes)",
        ),
        (
            ModuleLimits {
                nested: 1,
                ..limits
            },
            "modules and components",
        ),
    ] {
        let config = RuntimeConfig {
            module_limits,
            ..RuntimeConfig::default()
        };
        let runtime = Runtime::new(config, clock()).expect("a runtime");
        let error = runtime
            .load(&guests::path("behaviors"))
            .expect_err("refused");
        assert!(
            matches!(&error, WasmError::TooLarge { limit: found, .. } if *found == limit),
            "{error}"
        );
    }
}

#[test]
fn a_component_tells_its_manifest_and_its_plan() {
    let component = behaviors(&runtime());
    let manifest = component.describe().expect("a manifest");
    assert_eq!(manifest.name, "behaviors");
    assert_eq!(manifest.parameters[0].name, "behavior");
    let plan = component.plan(&arguments("echo")).expect("a plan");
    assert_eq!(plan.name, "echo");
    assert_eq!(plan.operators[0].states[0].name, "count");
}

#[test]
fn a_plan_that_fails_says_why() {
    let runtime = runtime();
    let component = behaviors(&runtime);
    let error = component.plan(&[]).expect_err("a parameter is missing");
    assert!(
        error.to_string().contains("parameter behavior is missing"),
        "{error}"
    );
    let error = component
        .plan(&arguments("plan-nonsense"))
        .expect_err("no plan");
    assert!(
        matches!(&error, WasmError::Document { document: "plan", field, .. } if field == "name"),
        "{error}"
    );
    let error = component
        .plan(&arguments("plan-panic"))
        .expect_err("a panic");
    assert!(
        matches!(error, WasmError::Guest(OperatorError::Trapped { .. })),
        "{error}"
    );
    let plain = runtime.load(&guests::path("plain")).expect("it loads");
    let error = plain.plan(&[]).expect_err("no plan");
    assert!(matches!(error, WasmError::NoPlan { .. }), "{error}");
}

/// A module without its custom sections: what a compiler makes that knows nothing of components.
fn without_custom_sections(module: &[u8]) -> Vec<u8> {
    let (header, mut rest) = module.split_at(8);
    let mut bare = header.to_vec();
    while !rest.is_empty() {
        // A section is its number, its length as LEB128, and its content.
        let digits = rest[1..].iter().take_while(|byte| **byte >= 0x80).count() + 1;
        let length = rest[1..=digits].iter().rev();
        let length = length.fold(0, |length, byte| length << 7 | usize::from(byte & 0x7f));
        let (section, behind) = rest.split_at(1 + digits + length);
        if section[0] != 0 {
            bare.extend_from_slice(section);
        }
        rest = behind;
    }
    bare
}

#[test]
fn a_module_that_has_only_the_names_of_the_contract_becomes_what_they_say() {
    for (guest, world) in [("plain", World::Operators), ("behaviors", World::Job)] {
        let typed = runtime().load(&guests::path(guest)).expect("it loads");
        let bare = without_custom_sections(&guests::bytes(guest));
        let component = runtime().load_bytes("it", &bare).expect("it loads");
        let found = component.inspect();
        assert_eq!(found.form, SourceForm::CoreModule);
        assert_eq!(found.world, world);
        assert_eq!(found.exports, typed.inspect().exports);
        component.describe().expect("it describes itself");
    }
}

#[test]
fn a_module_whose_functions_are_not_those_of_the_contract_is_told_which() {
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    // A type, a function of it, an export under a name of the contract, and its empty body.
    let name = b"wasmill:dataflow/operator@0.1.0#finish";
    module.extend([1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0]);
    module.extend([7, name.len() as u8 + 4, 1, name.len() as u8]);
    module.extend(name);
    module.extend([0, 0, 10, 4, 1, 2, 0, 0x0b]);
    let error = runtime().load_bytes("it", &module).expect_err("refused");
    assert!(matches!(error, WasmError::Componentize { .. }), "{error}");
    assert!(error.to_string().contains("finish"), "{error}");
}
