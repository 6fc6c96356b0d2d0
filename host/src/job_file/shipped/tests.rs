//! Where shipped components are not looked for.

use super::path;

#[test]
fn a_name_that_leaves_the_folder_names_nothing() {
    for name in ["../standard", "/etc/passwd", "a/b", "no-such-component"] {
        assert_eq!(path(name), None, "{name}");
    }
}
