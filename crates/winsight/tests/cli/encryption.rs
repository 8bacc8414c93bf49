//! Encryption at rest as its owner meets it: what lies on the disk, what happens without the key,
//! and how keys are changed.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use crate::home::{Answer, FAILED, TODAY, TestHome, USAGE, text};

/// Deals of people and accounts whose names appear nowhere else; the last row is refused and so
/// kept as text.
const PEOPLE: [&str; 3] = ["Quackenbush", "Zwingliana", "Vandermolen"];

fn company() -> String {
    let mut file =
        "deal_id,created_date,closed_date,outcome,deal_amount,sales_rep,account\n".to_owned();
    for number in 0..400 {
        let (month, outcome) = (number % 6 + 1, if number % 3 == 0 { "Won" } else { "Lost" });
        let person = PEOPLE[number % 3];
        writeln!(
            file,
            "d{number},2024-0{month}-03,2024-0{month}-20,{outcome},{number}00,{person},{person} Ltd"
        )
        .expect("text can grow");
    }
    file + "bad,2024-01-03,not a date,Won,100,Quackenbush,Zwingliana Ltd\n"
}

fn loaded(home: &TestHome) -> PathBuf {
    let file = home.file("deals.csv", company());
    home.import(&file);
    for job in ["daily", "weekly", "monthly"] {
        home.json(["--as-of", TODAY, "run", job]);
    }
    file
}

fn metrics(home: &TestHome) -> Value {
    home.json(["metrics", "--by", "rep"])
}

/// Every file below a folder with its contents.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if let Ok(contents) = fs::read(&path) {
            files.insert(path, contents);
        }
    }
    files
}

/// The names of people that lie in clear in any byte or file name of the home.
fn in_clear(home: &TestHome) -> Vec<&'static str> {
    let files = files(&home.path("home"));
    assert!(files.len() > 10, "only {} files", files.len());
    let holds =
        |bytes: &[u8], word: &str| bytes.windows(word.len()).any(|part| part == word.as_bytes());
    let anywhere = |word: &&str| {
        files
            .iter()
            .any(|(path, contents)| holds(contents, word) || holds(text(path).as_bytes(), word))
    };
    ["Quackenbush", "Zwingliana", "Vandermolen", "created_month", "_delta_log"]
        .into_iter()
        .filter(anywhere)
        .collect()
}

#[test]
fn no_name_of_a_person_or_table_lies_in_clear() {
    let home = TestHome::new();
    loaded(&home);
    assert_eq!(in_clear(&home), Vec::<&str>::new());
    // The same search finds them where encryption is off, so it can find them.
    let home = TestHome::in_clear();
    loaded(&home);
    let found = in_clear(&home);
    for word in ["Quackenbush", "Zwingliana", "created_month", "_delta_log"] {
        assert!(found.contains(&word), "{word} in {found:?}");
    }
}

#[test]
fn an_encrypted_home_answers_as_one_in_clear_does() {
    let (sealed, clear) = (TestHome::new(), TestHome::in_clear());
    loaded(&sealed);
    loaded(&clear);
    assert_eq!(metrics(&sealed), metrics(&clear));
}

#[test]
fn the_owner_is_told_once_that_there_is_a_key() {
    let home = TestHome::new();
    let first = home.run(["init"]);
    assert_eq!(first.code, Some(0), "{first:#?}");
    let key = home.path("home/winsight.key");
    for words in [text(&key), "Without the key", "keep a copy"] {
        assert!(first.stderr.contains(words), "{first:#?}");
    }
    let second = home.run(["init"]);
    assert_eq!((second.code, second.stderr.as_str()), (Some(0), ""));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&key), 0o600);
        assert_eq!(mode(&home.path("home/keys.json")), 0o600);
        assert_eq!(mode(&home.path("home")), 0o700);
    }
}

/// Runs `metrics` with another environment.
fn metrics_with(home: &TestHome, environment: &[(&str, &str)]) -> Answer {
    let mut command = home.command();
    command.envs(environment.iter().copied()).arg("metrics");
    Answer::of(&command.output().expect("the command starts"))
}

#[test]
fn without_the_right_key_nothing_opens_and_nothing_changes() {
    let home = TestHome::new();
    loaded(&home);
    let key = home.path("home/winsight.key");
    let right = fs::read_to_string(&key).expect("a key");
    let wrong = "5a".repeat(32);
    fs::rename(&key, home.path("kept.key")).expect("moves");
    let before = files(&home.path("home"));
    let elsewhere = home.path("nowhere.key");
    let kept = home.path("kept.key");
    for (environment, words) in [
        (vec![], vec!["is encrypted", "winsight.key", "WINSIGHT_KEY_FILE"]),
        (vec![("WINSIGHT_KEY_FILE", text(&elsewhere))], vec!["is encrypted", "nowhere.key"]),
        (
            vec![("WINSIGHT_KEY", wrong.as_str())],
            vec!["not the one", "keys.json", "Nothing was changed"],
        ),
        (vec![("WINSIGHT_KEY", "secret")], vec!["WINSIGHT_KEY is no key", "44 characters"]),
    ] {
        let answer = metrics_with(&home, &environment);
        answer.is_failure(FAILED, &words).expect("explained");
        assert!(!answer.stderr.contains(right.trim()), "the key is not printed");
        assert!(files(&home.path("home")) == before, "{environment:?} changed something");
    }
    for environment in [("WINSIGHT_KEY", right.as_str()), ("WINSIGHT_KEY_FILE", text(&kept))] {
        assert_eq!(metrics_with(&home, &[environment]).code, Some(0), "{}", environment.0);
    }
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let home = TestHome::new();
    home.json(["init"]);
    let key = home.path("home/winsight.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("set");
    let advice = format!("chmod 600 {}", key.display());
    home.run(["metrics"]).is_failure(FAILED, &[&advice]).expect("explained");
}

#[test]
fn a_home_stays_what_it_was_at_first() {
    let sealed = TestHome::new();
    loaded(&sealed);
    let off = [("WINSIGHT_ENCRYPTION__ENABLED", "false")];
    let before = files(&sealed.path("home"));
    metrics_with(&sealed, &off)
        .is_failure(USAGE, &["is encrypted", "enabled = false"])
        .expect("explained");
    assert!(files(&sealed.path("home")) == before);

    let clear = TestHome::in_clear();
    loaded(&clear);
    let before = files(&clear.path("home"));
    let on = [("WINSIGHT_ENCRYPTION__ENABLED", "true")];
    metrics_with(&clear, &on)
        .is_failure(USAGE, &["not encrypted", "enabled = false"])
        .expect("explained");
    assert!(files(&clear.path("home")) == before);
}

#[test]
fn a_changed_keyring_or_database_is_named() {
    let home = TestHome::new();
    loaded(&home);
    let keys = home.path("home/keys.json");
    let database = home.path("home/winsight.db");
    for (path, words) in [(&keys, "keys.json is damaged"), (&database, "does not fit the database")]
    {
        let right = fs::read(path).expect("there");
        fs::write(path, vec![b'x'; right.len()]).expect("writes");
        home.run(["metrics"]).is_failure(FAILED, &[words]).expect("explained");
        fs::write(path, right).expect("writes");
        assert_eq!(home.run(["metrics"]).code, Some(0));
    }
    fs::write(&database, [b"SQLite format 3\0".as_slice(), &[0; 4080]].concat()).expect("writes");
    home.run(["metrics"])
        .is_failure(FAILED, &["is not encrypted", "enabled = false"])
        .expect("explained");
}

#[test]
fn keys_are_changed_and_the_numbers_stay() {
    let home = TestHome::new();
    let deals = loaded(&home);
    let before = metrics(&home);
    let key = home.path("home/winsight.key");
    let mut old_keys = vec![fs::read_to_string(&key).expect("a key")];
    for (arguments, resealed) in
        [(&["key", "rotate"][..], false), (&["key", "rotate", "--data"], true)]
    {
        let changed = home.json(arguments);
        assert_eq!(changed["key_file"], text(&key));
        assert_eq!(changed["resealed"].as_u64().expect("a number") > 0, resealed);
        assert_eq!(metrics(&home), before, "{arguments:?}");
        for old in &old_keys {
            let refused = metrics_with(&home, &[("WINSIGHT_KEY", old)]);
            refused.is_failure(FAILED, &["not the one"]).expect("the old key is worth nothing");
        }
        old_keys.push(fs::read_to_string(&key).expect("a key"));
        assert_eq!(home.import(&deals)["inserted"], 0);
    }
    assert_eq!(home.json(["doctor"])["ok"], true);
    assert_eq!(in_clear(&home), Vec::<&str>::new());
}

#[test]
fn a_key_from_the_environment_is_changed_into_a_file() {
    let home = TestHome::new();
    let key = "5a".repeat(32);
    let run = |arguments: &[&str], key: &str| {
        let mut command = home.command();
        let output = command.env("WINSIGHT_KEY", key).args(arguments).output();
        Answer::of(&output.expect("the command starts"))
    };
    assert_eq!(run(&["init"], &key).code, Some(0));
    assert!(!home.path("home/winsight.key").exists());
    run(&["key", "rotate"], &key).is_failure(USAGE, &["--new-key-file"]).expect("explained");
    let file = home.path("new.key");
    assert_eq!(run(&["key", "rotate", "--new-key-file", text(&file)], &key).code, Some(0));
    let new = fs::read_to_string(&file).expect("the new key");
    assert_eq!(run(&["quality"], &new).code, Some(0));
    run(&["quality"], &key).is_failure(FAILED, &["not the one"]).expect("explained");
}

#[test]
fn a_home_in_clear_has_no_keys_to_change() {
    let home = TestHome::in_clear();
    home.json(["init"]);
    home.run(["key", "rotate"]).is_failure(USAGE, &["not encrypted"]).expect("explained");
}

/// How many files below the store are sealed with the data key of this number.
fn sealed_with(home: &TestHome, data_key: u32) -> usize {
    let files = files(&home.path("home/workspaces"));
    let is_sealed = |contents: &&Vec<u8>| {
        contents.get(..12)
            == Some([b"WINSEAL\x01".as_slice(), &data_key.to_be_bytes()].concat().as_slice())
    };
    files.values().filter(is_sealed).count()
}

/// A moment of a rotation, and how to see that it has come.
type Moment<'a> = (&'a str, Box<dyn Fn() -> bool + 'a>);

#[test]
fn killed_at_any_moment_a_change_of_keys_can_be_repeated() {
    let home = TestHome::new();
    loaded(&home);
    let before = metrics(&home);
    let keyring = || fs::read(home.path("home/keys.json")).ok();
    let key = || fs::read(home.path("home/winsight.key")).ok();
    let database = || fs::read(home.path("home/winsight.db")).ok();
    // The keys of a home have the numbers 1 to 3; a change of the data keys makes two more.
    let newest = || {
        let keyring: Value = serde_json::from_slice(&keyring().expect("there")).expect("JSON");
        let ids = keyring["keys"].as_array().expect("keys").iter().map(|key| key["id"].as_u64());
        ids.max().flatten().expect("a number")
    };
    for moment in 0..6 {
        let (first_ring, first_key, first_database) = (keyring(), key(), database());
        let next = u32::try_from(newest() + 1).expect("small");
        let moments: [Moment; 6] = [
            ("it had begun", Box::new(|| true)),
            ("the data key was there", Box::new(|| keyring() != first_ring)),
            ("a file was sealed anew", Box::new(|| sealed_with(&home, next) > 0)),
            ("some files were sealed anew", Box::new(|| sealed_with(&home, next) > 5)),
            ("the database was changing", Box::new(|| database() != first_database)),
            ("the key file was new", Box::new(|| key() != first_key)),
        ];
        let (name, has_come) = &moments[moment];
        let mut rotation = home.spawn(&["key", "rotate", "--data"]);
        while !has_come() && rotation.try_wait().expect("it can be asked").is_none() {
            std::thread::yield_now();
        }
        rotation.kill().expect("it can be killed");
        rotation.wait().expect("it ends");
        assert_eq!(metrics(&home), before, "killed when {name}");
        assert_eq!(home.run(["key", "rotate", "--data"]).code, Some(0), "killed when {name}");
        assert_eq!(metrics(&home), before, "repeated after being killed when {name}");
        let health = home.json(["doctor"]);
        assert_eq!(health["ok"], true, "killed when {name}: {health}");
    }
}

#[test]
fn a_killed_load_leaves_the_old_version_or_the_new_one() {
    let whole = TestHome::new();
    let mut more = company();
    for number in 1000..6000 {
        let month = number % 6 + 1;
        writeln!(more, "d{number},2023-0{month}-03,2024-0{month}-20,Won,700,Quackenbush,Acme")
            .expect("text can grow");
    }
    loaded(&whole);
    let old = metrics(&whole);
    whole.import(&whole.file("more.csv", &more));
    let new = metrics(&whole);
    for written in [1, 4, 9, 16] {
        let home = TestHome::new();
        loaded(&home);
        let file = home.file("more.csv", &more);
        let store = home.path("home/workspaces");
        let before = files(&store).len();
        let mut import = home.command();
        import
            .args(["--as-of", TODAY, "import", text(&file)])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut import = import.spawn().expect("the command starts");
        while files(&store).len() < before + written
            && import.try_wait().expect("it can be asked").is_none()
        {
            std::thread::yield_now();
        }
        import.kill().expect("it can be killed");
        import.wait().expect("it ends");
        let now = metrics(&home);
        assert!(now == old || now == new, "killed after {written} files");
        home.import(&file);
        assert_eq!(metrics(&home), new, "repeated after being killed after {written} files");
        assert_eq!(home.json(["doctor"])["ok"], true, "killed after {written} files");
    }
}

#[test]
fn a_second_load_waits_for_the_first() {
    let home = TestHome::new();
    let deals = loaded(&home);
    let lock = fs::File::open(home.store("writer.lock")).expect("made by the first load");
    lock.lock().expect("nobody else loads");
    let mut import = home.spawn(&["--as-of", TODAY, "import", text(&deals)]);
    let mut said = String::new();
    let mut stderr = import.stderr.take().expect("is read");
    while !said.contains("waiting for it") {
        let mut byte = [0];
        assert_eq!(stderr.read(&mut byte).expect("readable"), 1, "it ended instead: {said}");
        said.push(byte[0].into());
    }
    drop(lock);
    drop(stderr);
    assert!(import.wait().expect("it ends").success());
}

#[test]
fn the_doctor_finds_what_is_wrong() {
    let home = TestHome::new();
    home.run(["doctor"]).is_failure(FAILED, &[]).expect_err("says what is missing on stdout");
    loaded(&home);
    let well = home.json(["doctor"]);
    assert_eq!(well["ok"], true, "{well}");
    let subjects: Vec<_> = well["checks"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|check| check["subject"].as_str())
        .collect();
    let expected = ["home", "disk", "key", "database", "store default", "loads default"].map(Some);
    assert_eq!(subjects, expected);

    let (path, right) = files(&home.path("home/workspaces"))
        .into_iter()
        .max_by_key(|(_, contents)| contents.len())
        .expect("files");
    let mut changed = right.clone();
    changed[100] ^= 1;
    for (what, contents, words) in [
        ("changed", Some(changed), "was changed, cut off or swapped"),
        ("cut off", Some(right[..right.len() - 1].to_vec()), "was changed, cut off or swapped"),
        ("gone", None, "is missing or was cut off"),
    ] {
        match contents {
            Some(contents) => fs::write(&path, contents).expect("writes"),
            None => fs::remove_file(&path).expect("removes"),
        }
        let answer = home.run(["doctor"]);
        assert_eq!(answer.code, Some(FAILED), "{what}");
        let line =
            answer.stdout.lines().find(|line| line.contains("store default")).expect("a line");
        assert!(line.starts_with("PROBLEM") && line.contains(words), "{what}: {line}");
        assert!(line.contains("Remedy: restore it from a backup"), "{what}: {line}");
        fs::write(&path, &right).expect("writes");
    }
    assert_eq!(home.run(["doctor"]).code, Some(0));

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let folder = home.path("home");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("set");
        let answer = home.run(["doctor"]);
        assert!(
            answer.stdout.contains(&format!("Remedy: chmod 700 {}", folder.display())),
            "{answer:#?}"
        );
    }
}
