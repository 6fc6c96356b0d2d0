//! Systems are told by what they say of themselves, and each gets a command that is its own.

use super::*;

#[test]
fn a_system_is_known_by_its_name_or_by_what_it_is_like() {
    let of = System::of_release;
    assert_eq!(of("NAME=\"Debian\"\nID=debian\n"), System::Debian);
    assert_eq!(
        of("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"),
        System::Debian
    );
    assert_eq!(
        of("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n"),
        System::Fedora
    );
    assert_eq!(of("ID=nixos\n"), System::Other);
    assert_eq!(of(""), System::Other);
}

#[test]
fn every_system_has_a_way_to_every_tool() {
    let tools = [
        Tool::Cargo,
        Tool::RustTarget,
        Tool::Go,
        Tool::Clang,
        Tool::Python,
        Tool::Node,
    ];
    for system in [System::Debian, System::Fedora, System::MacOs, System::Other] {
        for tool in tools {
            assert!(
                system.remedy(tool).starts_with("install"),
                "{system:?} {tool:?}"
            );
        }
    }
    assert!(
        System::Debian
            .remedy(Tool::Clang)
            .contains("apt-get install clang-19")
    );
    assert!(
        System::Fedora
            .remedy(Tool::Clang)
            .contains("dnf install clang")
    );
    assert!(
        System::MacOs
            .remedy(Tool::Clang)
            .contains("brew install llvm")
    );
}
