//! Packed maps: what is written reads back, and nothing else is taken for one.

use proptest::prelude::*;

use super::*;

fn pack(entries: &[(&[u8], Option<&[u8]>)]) -> Vec<u8> {
    let mut packed = Vec::new();
    for (sub_key, value) in entries {
        let start = packed.len();
        packed.resize(start + entry_bytes(sub_key, *value), 0);
        write(&mut packed[start..], sub_key, *value);
    }
    packed
}

#[test]
fn entries_read_back_in_order_and_are_found() {
    let packed = pack(&[(b"", Some(b"empty")), (b"a", None), (b"b", Some(b"2"))]);
    assert!(check(&packed));
    let all: Vec<_> = items(&packed)
        .map(|item| (item.sub_key, item.value))
        .collect();
    assert_eq!(
        all,
        [
            (&b""[..], Some(&b"empty"[..])),
            (b"a", None),
            (b"b", Some(b"2"))
        ]
    );
    assert_eq!(find(&packed, b"b").unwrap().value, Some(&b"2"[..]));
    assert_eq!(find(&packed, b"c"), Err(packed.len()));
}

#[test]
fn unordered_or_cut_bytes_are_not_a_packed_map() {
    assert!(!check(&pack(&[(b"b", None), (b"a", None)])));
    let packed = pack(&[(b"a", Some(b"1")), (b"b", Some(b"2"))]);
    assert!(!check(&packed[..packed.len() - 1]));
    assert!(check(&[]));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let _ = check(&bytes);
        let _ = find(&bytes, b"key");
    }
}
