//! Database keys: unambiguous, and ordered as ranges and scans need.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn an_address_reads_back_and_sub_keys_keep_their_order(
        group in 0..32768u32,
        state in any::<u16>(),
        key in prop::collection::vec(any::<u8>(), 0..20),
        a in prop::collection::vec(any::<u8>(), 0..20),
        b in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let encoded = |sub_key: &[u8]| {
            let mut out = Vec::new();
            encode(&mut out, group, state, &key, sub_key);
            out
        };
        let parts = encoded(&a);
        let parts = decode(&parts).unwrap();
        prop_assert_eq!((parts.state, parts.key, parts.sub_key), (state, &key[..], &a[..]));
        prop_assert_eq!(encoded(&a).cmp(&encoded(&b)), a.cmp(&b));
        let prefix = encoded(&[]);
        let end = prefix_end(&prefix).unwrap();
        prop_assert!(encoded(&a) >= prefix && encoded(&a) < end);
    }

    #[test]
    fn any_bytes_are_decoded_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let _ = decode(&bytes);
        let _ = prefix_end(&bytes);
    }
}
