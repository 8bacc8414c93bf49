//! A file takes its name in one step.

use std::fs;
use std::io::ErrorKind;

use tempfile::tempdir;
use winsight_vault::durable::{Placing, create_folder, place};

#[test]
fn a_new_file_never_takes_the_place_of_another() {
    let folder = tempdir().expect("a folder");
    let [written, destination] = ["written", "destination"].map(|name| folder.path().join(name));
    for (contents, placing, expected) in [
        ("one", Placing::New, Ok("one")),
        ("two", Placing::New, Err("one")),
        ("three", Placing::Replacing, Ok("three")),
    ] {
        fs::write(&written, contents).expect("writes");
        let placed = place(&written, &destination, placing);
        let now = fs::read_to_string(&destination).expect("there");
        match expected {
            Ok(expected) => {
                placed.expect("placed");
                assert_eq!(now, expected);
                assert!(!written.exists());
            }
            Err(expected) => {
                assert_eq!(placed.expect_err("taken").kind(), ErrorKind::AlreadyExists);
                assert_eq!(now, expected);
            }
        }
    }
}

#[test]
fn folders_are_made_with_those_above_them() {
    let folder = tempdir().expect("a folder");
    let deep = folder.path().join("a/b/c");
    for _ in 0..2 {
        create_folder(&deep).expect("creates");
        assert!(deep.is_dir());
    }
    fs::write(folder.path().join("file"), "").expect("writes");
    create_folder(&folder.path().join("file/below")).expect_err("a file is in the way");
}
