//! A store that writes conditionally passes, one that does not is found out. Servers that only pretend to are in the
//! process tests.

use super::*;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;

async fn refusal(store: &dyn ObjectStore) -> Option<String> {
    match test_conditional_writes(store, "test").await {
        Ok(()) => None,
        Err(Unfit::Unconditional(what)) => Some(what),
        Err(Unfit::Unusable(error)) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_store_that_writes_conditionally_passes_and_nothing_is_left_behind() {
    let store = InMemory::new();
    assert_eq!(refusal(&store).await, None);
    let left = store.head(&Path::from("test")).await;
    assert!(matches!(left, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn a_store_without_conditional_replacement_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = LocalFileSystem::new_with_prefix(folder.path()).expect("a store");
    let refused = refusal(&store).await.expect("refused");
    assert!(refused.contains("no conditional writes"), "{refused}");
}

#[test]
fn secrets_are_not_printed() {
    let config = S3Config {
        access_key: Some("an access key".to_owned()),
        secret_key: Some("a secret key".to_owned()),
        ..S3Config::default()
    };
    let printed = format!("{config:?}");
    assert!(!printed.contains(" key"), "{printed}");
}

#[test]
fn a_bucket_is_part_of_the_path_or_of_the_host() {
    for (path_style, endpoint) in [(true, "http://s3:1"), (false, "http://bucket.s3:1")] {
        let config = S3Config {
            path_style,
            ..S3Config::default()
        };
        assert_eq!(config.endpoint_of("http://s3:1", "bucket"), endpoint);
    }
}
