//! What is written and what it comes to mean.

use super::*;

fn with(settings: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let settings: Vec<(String, String)> = settings
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    load(None, &settings)
}

#[test]
fn the_embedded_defaults_are_a_configuration() {
    let config = with(&[]).expect("defaults");
    assert_eq!(config.parallelism, 1);
    assert_eq!(config.checkpoint_interval, None);
    assert_eq!(config.backend, Backend::Filesystem);
}

#[test]
fn settings_override_defaults() {
    let config = with(&[
        ("execution.checkpointing.interval", "250ms"),
        ("state.backend", "rocksdb"),
        ("parallelism.default", "3"),
        ("data.dir", "/tmp/x"),
    ])
    .expect("settings");
    assert_eq!(config.checkpoint_interval, Some(Duration::from_millis(250)));
    assert_eq!(config.backend, Backend::Rocksdb);
    assert_eq!(config.parallelism, 3);
    assert_eq!(config.data_dir, PathBuf::from("/tmp/x"));
}

#[test]
fn no_text_of_a_setting_is_too_odd() {
    for value in ["\"h\u{d17d0}\\", "[\"a", "{", "null", "\"", "[[[[", "1e999"] {
        let error = with(&[("state.backend", value)]).expect_err("no back end");
        assert!(
            error.to_string().contains("state.backend"),
            "{value}: {error}"
        );
    }
    let error = with(&[("{\"h\u{d17d0}\\", "x")]).expect_err("no key");
    assert!(error.to_string().contains("there is no key"), "{error}");
}

#[test]
fn a_tick_of_zero_means_that_guests_are_never_stopped() {
    let config = with(&[("guest.epoch-tick", "0s")]).expect("zero is allowed");
    assert!(config.guest.epoch_tick.is_zero());
    with(&[("guest.call-timeout", "0s")]).expect_err("a call needs time");
}

#[test]
fn what_is_wrong_is_named_with_its_key() {
    for (settings, words) in [
        (
            ("state.backend", "disk"),
            &["state.backend", "disk", "memory, filesystem, rocksdb"][..],
        ),
        (
            ("execution.buffer-timeout", "soon"),
            &["execution.buffer-timeout", "soon", "500ms"],
        ),
        (("guest.memory", "12KiB"), &["guest.memory", "1MiB"]),
        (
            ("state.backendd", "heap"),
            &["state.backendd", "managed-memory"],
        ),
    ] {
        let message = with(&[settings]).expect_err("wrong").to_string();
        for word in words {
            assert!(message.contains(word), "{message:?} does not say {word:?}");
        }
    }
}
