//! Sealed names: always the same, readable in their place only, and fit for any file system.

use proptest::prelude::*;
use winsight_vault::{OpenedName, Vault};

fn vault() -> Vault {
    Vault::ephemeral().expect("a vault")
}

#[test]
fn a_name_is_always_sealed_in_the_same_way() {
    let vault = vault();
    let path = "deals/_delta_log/00000000000000000001.json";
    let sealed = vault.seal_name(path).expect("seals");
    assert_eq!(sealed, vault.seal_name(path).expect("seals"));
    assert_eq!(vault.open_name(&sealed).expect("opens"), OpenedName::Path(path.to_owned()));
    assert_ne!(sealed, self::vault().seal_name(path).expect("seals"), "with other keys");
}

#[test]
fn equal_names_in_two_folders_look_different_and_do_not_open_in_each_others_place() {
    let vault = vault();
    let one = vault.seal_name("deals/_delta_log").expect("seals");
    let other = vault.seal_name("events/_delta_log").expect("seals");
    let (one_folder, one_name) = one.split_once('/').expect("two segments");
    let (_, other_name) = other.split_once('/').expect("two segments");
    assert_ne!(one_name, other_name);
    let moved = vault.open_name(&format!("{one_folder}/{other_name}")).expect_err("refused");
    assert!(moved.to_string().contains(other_name), "{moved}");
}

#[test]
fn what_nobody_sealed_is_foreign() {
    let vault = vault();
    let folder = vault.seal_name("deals").expect("seals");
    for name in [".DS_Store", "writer.lock", "abc", "Thumbs.db"] {
        assert_eq!(vault.open_name(name).expect("no error"), OpenedName::Foreign, "{name}");
        let below = format!("{folder}/{name}");
        assert_eq!(vault.open_name(&below).expect("no error"), OpenedName::Foreign, "{below}");
    }
}

#[test]
fn a_long_name_is_cut_into_folders() {
    let vault = vault();
    let path = format!("deals/{}/part", "x".repeat(700));
    let sealed = vault.seal_name(&path).expect("seals");
    let pieces: Vec<_> = sealed.split('/').collect();
    assert_eq!(pieces.len(), 8);
    for count in 2..=6 {
        let partial = pieces[..count].join("/");
        assert_eq!(vault.open_name(&partial).expect("opens"), OpenedName::Partial, "{count}");
    }
    assert_eq!(vault.open_name(&sealed).expect("opens"), OpenedName::Path(path));
}

proptest! {
    #[test]
    fn any_path_comes_back(segments in prop::collection::vec("[^/]{1,300}", 1..5)) {
        let vault = vault();
        let path = segments.join("/");
        let sealed = vault.seal_name(&path).expect("seals");
        for name in sealed.split('/') {
            prop_assert!(name.len() < 240, "{} bytes", name.len());
            prop_assert!(name.bytes().all(|letter| matches!(letter, b'a'..=b'v' | b'0'..=b'9' | b'~')));
        }
        prop_assert_eq!(vault.open_name(&sealed).expect("opens"), OpenedName::Path(path));
    }
}
