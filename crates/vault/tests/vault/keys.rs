//! The master key and the keyring.

use std::fs;

use jiff::Timestamp;
use tempfile::tempdir;
use winsight_vault::{KeySource, Keyring, MasterKey, VaultError};

fn key(text: &str) -> Result<MasterKey, VaultError> {
    MasterKey::from_text(text, "the test")
}

#[test]
fn a_key_is_read_in_every_usual_form() {
    let hex = "00ff".repeat(16);
    let base64 = "AP8A/wD/AP8A/wD/AP8A/wD/AP8A/wD/AP8A/wD/AP8=";
    let home = tempdir().expect("a folder");
    Keyring::create(home.path(), key(&hex).expect("hexadecimal"), Timestamp::UNIX_EPOCH)
        .expect("creates");
    for text in [
        hex.clone(),
        hex.to_uppercase(),
        format!("  {hex}\n"),
        base64.to_owned(),
        base64.replace('=', ""),
    ] {
        Keyring::open(home.path(), key(&text).expect("a key")).expect("the same key");
    }
    for text in ["", "secret", &hex[..62], &format!("{hex}00"), &"g".repeat(64)] {
        let error = key(text).expect_err("no key");
        assert!(matches!(error, VaultError::MalformedKey { .. }), "{text:?}: {error}");
        assert!(error.to_string().contains("the test") && !error.to_string().contains("secret"));
    }
}

#[test]
fn a_key_is_never_printed() {
    let hex = "5a".repeat(32);
    let key = key(&hex).expect("a key");
    let source = KeySource::Text(hex.clone().into());
    let printed = format!("{key:?} {source:?}");
    assert!(!printed.contains("5a5a") && !printed.contains("90"), "{printed}");
}

#[test]
fn a_key_file_is_the_owners_alone() {
    let home = tempdir().expect("a folder");
    let path = home.path().join("winsight.key");
    let source = KeySource::File(path.clone());
    assert!(matches!(MasterKey::read(&source), Err(VaultError::MissingKey { .. })));
    MasterKey::generate().expect("random").write_new(&path).expect("writes");
    MasterKey::read(&source).expect("reads");
    let written = fs::read(&path).expect("there");
    assert!(MasterKey::generate().expect("random").write_new(&path).is_err(), "never replaced");
    assert_eq!(fs::read(&path).expect("there"), written);
    assert_eq!(fs::read_dir(home.path()).expect("a folder").count(), 1, "nothing else is left");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let permissions = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode));
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        for mode in [0o640, 0o604, 0o660] {
            permissions(mode).expect("set");
            let error = MasterKey::read(&source).expect_err("exposed");
            assert!(
                error.to_string().contains(&format!("chmod 600 {}", path.display())),
                "{error}"
            );
        }
        permissions(0o400).expect("set");
        MasterKey::read(&source).expect("private enough");
    }
}

#[test]
fn a_keyring_is_never_made_over_another() {
    let home = tempdir().expect("a folder");
    let new = || MasterKey::generate().expect("random");
    Keyring::create(home.path(), new(), Timestamp::UNIX_EPOCH).expect("creates");
    let before = fs::read(Keyring::file(home.path())).expect("there");
    let again = Keyring::create(home.path(), new(), Timestamp::UNIX_EPOCH).expect_err("refused");
    assert!(matches!(again, VaultError::KeyringExists { .. }), "{again}");
    let wrong = Keyring::open(home.path(), new()).expect_err("another key");
    assert!(matches!(wrong, VaultError::WrongKey { .. }), "{wrong}");
    assert_eq!(fs::read(Keyring::file(home.path())).expect("there"), before);
}

#[test]
fn every_change_of_a_keyring_is_noticed() {
    let home = tempdir().expect("a folder");
    let hex = "5a".repeat(32);
    Keyring::create(home.path(), key(&hex).expect("a key"), Timestamp::UNIX_EPOCH)
        .expect("creates");
    let file = Keyring::file(home.path());
    let text = fs::read_to_string(&file).expect("text");
    let open = || Keyring::open(home.path(), key(&hex).expect("a key"));
    open().expect("opens as it is");
    let sealed = text.split("\"sealed\": \"").nth(1).expect("a sealed key");
    let sealed = &sealed[..8];
    for (what, changed) in [
        ("cut off", text[..text.len() / 2].to_owned()),
        ("emptied", String::new()),
        ("another format", text.replace("\"format\": 1", "\"format\": 2")),
        ("another number", text.replace("\"id\": 1", "\"id\": 9")),
        ("another purpose", text.replace("\"data\"", "\"names\"")),
        ("another time", text.replace("1970", "1971")),
        ("another key", text.replace(sealed, "AAAAAAAA")),
    ] {
        assert_ne!(changed, text, "{what}");
        fs::write(&file, changed).expect("writes");
        let error = open().expect_err(what);
        assert!(matches!(error, VaultError::DamagedKeyring { .. }), "{what}: {error}");
    }
}
