//! Loads that are killed, crowded or starved: the version before them serves, and running them
//! again gives the whole result.

use std::fmt::Write;
use std::fs::{self, File};
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::Value;

use crate::home::{Answer, FAILED, HEADER, TODAY, TestHome, deals, text};

/// Deals `0..count`, spread over months, regions and outcomes; every third amount depends on
/// `edition`.
fn company(count: usize, edition: usize) -> String {
    let mut file = format!("{HEADER}\n");
    for number in 0..count {
        let month = number % 6 + 1;
        let outcome = if number % 3 == 0 { "Won" } else { "Lost" };
        let edited = if number % 3 == 0 { edition } else { 0 };
        let (region, amount) = (number % 5, number * 7 + edited);
        writeln!(file, "d{number},2024-0{month}-03,2024-0{month}-20,{outcome},{amount},R{region}")
            .expect("text can grow");
    }
    file
}

fn by_region(home: &TestHome) -> Value {
    home.json(["metrics", "--by", "region"])
}

/// Starts an import and kills it as soon as `moment` exists, or lets it end if that never comes.
fn import_until(home: &TestHome, file: &str, moment: &std::path::Path) -> ExitStatus {
    let mut import = home.command();
    import.args(["--as-of", TODAY, "import", file]);
    import.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut import = import.spawn().expect("the command starts");
    loop {
        if moment.exists() {
            import.kill().expect("it can be killed");
            return import.wait().expect("it ends");
        }
        if let Some(status) = import.try_wait().expect("it can be asked") {
            return status;
        }
        thread::yield_now();
    }
}

#[test]
fn a_killed_import_leaves_the_old_version_or_the_new_one() {
    let (old_file, new_file) = (company(500, 0), company(8000, 1));
    let whole = TestHome::new();
    whole.import(&whole.file("deals.csv", &old_file));
    let old = by_region(&whole);
    whole.import(&whole.file("deals.csv", &new_file));
    let new = by_region(&whole);
    assert_ne!(old, new);

    let moments = [
        ("staging", "rows are being staged"),
        ("staging/incoming", "files are being written"),
        (
            "g0001/deals/_delta_log/00000000000000000002.json",
            "the table is written, the version is not",
        ),
        ("g0001/versions/0000000002.json", "the version is there, the books are not"),
    ];
    for (path, moment) in moments {
        let home = TestHome::in_clear();
        home.import(&home.file("deals.csv", &old_file));
        let file = home.file("deals.csv", &new_file);
        let status = import_until(&home, text(&file), &home.store(path));
        if path == "staging" {
            assert_eq!(status.code(), None, "it was killed while {moment}");
        }
        let committed = home.store("g0001/versions/0000000002.json").exists();
        let expected = if committed { &new } else { &old };
        assert_eq!(by_region(&home), *expected, "killed when {moment}");
        for command in ["quality", "alerts", "insights", "deals"] {
            assert_eq!(home.run([command]).code, Some(0), "{command}, killed when {moment}");
        }

        let again = home.import(&file);
        assert_eq!(again["data_version"], 2, "killed when {moment}");
        assert_eq!(by_region(&home), new, "imported again after being killed when {moment}");
        assert_eq!(home.json(["--known-at", "1", "metrics", "--by", "region"]), old);
    }
}

#[test]
fn a_killed_first_import_can_be_repeated() {
    let home = TestHome::new();
    let file = home.file("deals.csv", company(8000, 1));
    let status = import_until(&home, text(&file), &home.store("staging"));
    assert_eq!(status.code(), None, "it was killed");
    home.run(["metrics"])
        .is_failure(FAILED, &["no deals have been loaded yet"])
        .expect("explained");
    assert_eq!(home.import(&file)["inserted"], 8000);
}

#[test]
fn of_two_imports_at_once_one_is_told_to_wait() {
    let home = TestHome::new();
    let file = home.file("deals.csv", company(10, 0));
    home.import(&file);
    let more = home.file("more.csv", company(20, 0));

    let lock = File::open(home.store("writer.lock")).expect("made by the first load");
    lock.lock().expect("nobody else loads");
    let mut second = home.command();
    second.env("WINSIGHT_STORAGE__WAIT_SECONDS", "0");
    let second = second.args(["--as-of", TODAY, "import", text(&more)]).output();
    let second = Answer::of(&second.expect("the command starts"));
    second.is_failure(FAILED, &["another load", "try again"]).expect("explained");
    assert_eq!(home.json(["metrics"])["deals"], 10, "readers need not wait");

    drop(lock);
    assert_eq!(home.import(&more)["inserted"], 10);
}

#[test]
fn readers_never_notice_a_load() {
    let home = TestHome::new();
    let editions =
        [0, 1].map(|edition| home.file(&format!("deals{edition}.csv"), company(10, edition)));
    home.import(&editions[0]);
    let done = AtomicBool::new(false);
    let failures: Vec<Answer> = thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut failures = Vec::new();
                    while !done.load(Ordering::Relaxed) {
                        let answer = home.run(["metrics"]);
                        if answer.code != Some(0) {
                            failures.push(answer);
                        }
                    }
                    failures
                })
            })
            .collect();
        let loads = editions.iter().cycle().skip(1).take(12);
        let mut failures: Vec<_> = loads
            .map(|file| home.run(["--as-of", TODAY, "import", text(file)]))
            .filter(|answer| answer.code != Some(0))
            .collect();
        done.store(true, Ordering::Relaxed);
        for reader in readers {
            failures.extend(reader.join().expect("no reader panics"));
        }
        failures
    });
    assert!(failures.is_empty(), "{failures:#?}");
}

#[cfg(unix)]
#[test]
fn a_load_that_may_not_write_leaves_the_old_version() {
    let home = TestHome::new();
    home.import(&home.file("deals.csv", deals(&["a,2024-01-01,2024-02-01,Won,100,EU"])));
    let file = home.file("deals.csv", company(8000, 1));
    let command = home.command();
    // The system refuses to let any file grow beyond so many blocks of 512 bytes, as it refuses
    // when a disk is full.
    for blocks in [0, 16, 32] {
        let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let mut shell = std::process::Command::new("/bin/sh");
        shell.env_clear().args(["-c", &limited]).arg(command.get_program());
        shell.args(command.get_args()).args(["--as-of", TODAY, "import", text(&file)]);
        let answer = Answer::of(&shell.output().expect("a shell"));
        answer.is_failure(FAILED, &["disk"]).expect("explained");
        assert_eq!(home.json(["metrics"])["deals"], 1);
    }
    assert_eq!(home.import(&file)["inserted"], 8000);
}

#[test]
fn a_home_that_cannot_be_made_is_named() {
    let home = TestHome::new();
    home.file("home", "a file, not a folder");
    home.run(["metrics"]).is_failure(FAILED, &["home", "--home"]).expect("explained");
    assert!(fs::read_to_string(home.path("home")).is_ok(), "and left as it was");
}
