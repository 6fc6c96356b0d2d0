//! Promises of names.

use super::{InvalidJobId, JobId};

#[test]
fn a_job_id_is_read_as_it_is_written() {
    let id = JobId([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 254, 255]);
    assert_eq!(id.to_string(), "000102030405060708090a0b0c0dfeff");
    assert_eq!(id.to_string().parse(), Ok(id));
}

#[test]
fn what_is_no_job_id_is_refused() {
    let long = "0".repeat(33);
    for text in [
        "",
        "12",
        "+00102030405060708090a0b0c0dfeff",
        "../../etc/passwd",
        &long,
        "ééééééééé",
    ] {
        assert_eq!(text.parse::<JobId>(), Err(InvalidJobId), "{text}");
    }
}
