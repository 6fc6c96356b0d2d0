//! A place by its name, as far as it is on this machine; buckets are tested with a server of theirs.

use std::path::Path;

use tokio::runtime::{Builder, Runtime};

use super::{Folder, files_of};
use crate::savepoint::bundle::MANIFEST;
use crate::storage::s3::S3Config;

fn runtime() -> Runtime {
    Builder::new_current_thread().build().expect("a runtime")
}

fn open(path: &Path, runtime: &Runtime) -> Folder {
    let opened = Folder::open(path, &S3Config::default(), runtime.handle());
    opened.map_err(|error| error.to_string()).expect("a name")
}

#[test]
fn the_manifest_is_the_last_to_go_into_a_bucket() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(dir.path().join("state")).expect("a folder");
    for name in [MANIFEST, "_checksums.b3", "state/z.avro"] {
        std::fs::write(dir.path().join(name), name).expect("a file");
    }
    let names = files_of(dir.path()).expect("it can be listed");
    assert_eq!(names, ["_checksums.b3", "state/z.avro", MANIFEST]);
}

#[test]
fn a_directory_is_its_own_copy_on_disk() {
    let (dir, runtime) = (tempfile::tempdir().expect("a directory"), runtime());
    let folder = open(dir.path(), &runtime);
    assert!(!folder.is_savepoint().expect("it can be asked"));
    let on_disk = folder.on_disk(dir.path().join("copy"));
    assert_eq!(on_disk.expect("it is"), dir.path());
    assert!(!dir.path().join("copy").exists());
    assert_eq!(folder.read("missing").expect("it can be asked"), None);
    folder.clear().expect("it can be removed");
    folder.clear().expect("it is gone, which is as good");
    assert!(!dir.path().exists());
}

#[test]
fn a_name_of_no_bucket_is_refused() {
    let runtime = runtime();
    let opened = Folder::open(Path::new("s3://"), &S3Config::default(), runtime.handle());
    let error = opened.err().expect("it names no bucket").to_string();
    assert!(error.contains("names no bucket"), "{error}");
}
