//! A location is the same whether it is written with or without slashes at its end, and is printed as it can be read.

use super::*;

#[test]
fn what_is_printed_is_read_as_the_same_place() {
    for (written, printed) in [
        ("/var/jobs", "/var/jobs"),
        ("file:///var/jobs", "/var/jobs"),
        ("s3://bucket", "s3://bucket"),
        ("s3://bucket/", "s3://bucket"),
        ("s3://bucket//a/b/", "s3://bucket/a/b"),
    ] {
        let location = Location::parse(written).expect(written);
        assert_eq!(location.to_string(), printed);
        assert_eq!(Location::parse(printed), Ok(location));
    }
}

#[test]
fn a_place_within_another_has_its_path_below() {
    for (outer, inner) in [
        ("s3://bucket", "s3://bucket/x/y"),
        ("s3://bucket/a", "s3://bucket/a/x/y"),
        ("/a", "/a/x/y"),
    ] {
        let location = Location::parse(outer).expect(outer);
        assert_eq!(location.join(Path::new("x/y")).to_string(), inner);
    }
}

#[test]
fn what_names_no_place_is_refused() {
    for (written, word) in [("s3://", "bucket"), ("s3:///a", "bucket"), ("gs://a", "gs")] {
        let refused = Location::parse(written).expect_err(written);
        assert!(refused.contains(word), "{refused}");
    }
}
