//! Files as they come: read in spite of what happened to them, or refused with a reason.

use std::fs;

use serde_json::Value;

use crate::home::{Answer, FAILED, HEADER, REFUSED, TODAY, TestHome, USAGE, deals, report, text};

const WON: &str = "a1,2024-01-01,2024-02-01,Won,100,EU";
const LOST: &str = "a2,2024-01-02,2024-02-03,Lost,200,US";

/// A file that is refused as a whole, and what the message must say.
struct Refused {
    name: &'static str,
    bytes: Vec<u8>,
    words: &'static [&'static str],
}

fn refused() -> Vec<Refused> {
    let case = |name, bytes: &[u8], words| Refused { name, bytes: bytes.to_vec(), words };
    let good = deals(&[WON, LOST]);
    vec![
        case("empty", b"", &["empty"]),
        case("a header only", format!("{HEADER}\n").as_bytes(), &["no rows"]),
        case(
            "colons between the columns",
            good.replace(',', ":").as_bytes(),
            &["line 1", "comma, semicolon, tab or pipe"],
        ),
        case(
            "no outcome",
            b"deal_id,created_date,closed_date,amount\na,2024-01-01,2024-02-01,5\n",
            &["line 1", "outcome", "mapping", "\"closed_date\", \"amount\""],
        ),
        case(
            "no id",
            b"created_date,closed_date,outcome,amount\n2024-01-01,2024-02-01,Won,5\n",
            &["line 1", "deal_id", "mapping"],
        ),
        case(
            "no closed date",
            b"deal_id,created_date,outcome,amount\na,2024-01-01,Won,5\n",
            &["line 1", "closed_date", "mapping"],
        ),
        case(
            "a renamed column",
            good.replace("deal_id", "xx").as_bytes(),
            &["line 1", "deal_id", "candidates", "\"xx\""],
        ),
        case(
            "two columns of one name",
            b"deal_id,deal_id,closed_date,outcome\na,b,2024-02-01,Won\n",
            &["line 1", "deal_id", "columns 1 and 2"],
        ),
        case(
            "dates of either order",
            b"deal_id,closed_date,outcome\na,03/04/2024,Won\nb,05/06/2024,Lost\n",
            &["03/04/2024", "date_format", "d/m/y", "m/d/y"],
        ),
        case(
            "dates of both orders",
            b"deal_id,closed_date,outcome\na,13/04/2024,Won\nb,05/16/2024,Lost\n",
            &["13/04/2024", "05/16/2024", "line 3", "date_format"],
        ),
        case("NUL bytes only", &[0; 5000], &["binary"]),
        case("one line of 10 MB", &vec![b'x'; 10_000_000], &["line 1"]),
        case("a header of 10 MB", "deal_id,".repeat(1_250_000).as_bytes(), &["line 1"]),
        case("an Excel workbook", b"PK\x03\x04 and so on", &["Excel", "CSV"]),
        case("a web page", b"<!DOCTYPE html><html>Please sign in</html>", &["HTML", "CSV"]),
        case("a damaged Parquet file", b"PAR1 and nothing more", &["Parquet"]),
    ]
}

#[test]
fn a_refused_file_says_why_and_leaves_nothing_behind() {
    let home = TestHome::new();
    let mut problems = Vec::new();
    for Refused { name, bytes, words } in refused() {
        let file = home.file("deals.csv", bytes);
        let answer = home.run(["--as-of", TODAY, "import", text(&file)]);
        let said = answer.is_failure(FAILED, words).and(answer.is_failure(FAILED, &["deals.csv"]));
        problems.extend(said.err().map(|problem| format!("{name}: {problem}")));
    }
    problems.extend(home.run(["metrics"]).is_failure(FAILED, &["no deals have been loaded"]).err());
    assert_eq!(home.json(["quality"])["score"], Value::Null, "no load is on record");
    report(&problems);
}

#[test]
fn a_file_without_one_good_row_is_refused() {
    let home = TestHome::new();
    let file = home.file("deals.csv", deals(&["a,2024-01-01,2024-02-01,Maybe,5,EU"]));
    let answer = home.run(["--as-of", TODAY, "import", text(&file)]);
    let words = ["none of its 1 rows", "\"Maybe\"", "nothing was stored"];
    answer.is_failure(REFUSED, &words).expect("explained");
    assert_eq!(home.json(["quality"])["score"], Value::Null, "no load is on record");
}

#[test]
fn a_file_that_cannot_be_opened_is_a_failure() {
    let home = TestHome::new();
    let missing = home.run(["import", text(&home.path("nowhere.csv"))]);
    missing.is_failure(FAILED, &["nowhere.csv", "No such file", "check"]).expect("explained");
    let once = missing.stderr.matches("No such file").count();
    assert_eq!(once, 1, "said once: {}", missing.stderr);

    fs::create_dir(home.path("folder")).expect("created");
    let folder: Answer = home.run(["import", text(&home.path("folder"))]);
    assert!([FAILED, USAGE, REFUSED].map(Some).contains(&folder.code), "{folder:#?}");
    assert!(folder.stdout.is_empty() && folder.stderr.contains("directory"), "{folder:#?}");
}

#[test]
fn several_files_are_all_loaded_or_the_loaded_ones_are_named() {
    let home = TestHome::new();
    let good = home.file("good.csv", deals(&[WON]));
    let bad = home.file("bad.csv", deals(&["b,2024-01-01,2024-02-01,Maybe,5,EU"]));
    let answer = home.run(["--as-of", TODAY, "import", text(&good), text(&bad)]);
    assert_eq!(answer.code, Some(REFUSED), "{answer:#?}");
    let loaded = home.run(["metrics"]).code == Some(0);
    let named = format!("{}{}", answer.stdout, answer.stderr).contains("good.csv");
    assert!(!loaded || named, "good.csv was loaded and nobody was told: {answer:#?}");
}

#[test]
fn a_file_is_read_however_it_was_saved() {
    let plain = deals(&[WON, LOST, "a3,2024-01-01,2024-02-01,Won,1234.5,Zürich"]);
    let utf16 = |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    };
    let marked = format!("\u{feff}{plain}");
    let windows_1252: Vec<u8> = plain
        .chars()
        .map(|letter| u8::try_from(u32::from(letter)).expect("a letter of Western Europe"))
        .collect();
    let cases: [(&str, Vec<u8>); 12] = [
        ("as it is", plain.clone().into_bytes()),
        ("semicolons", plain.replace(',', ";").into_bytes()),
        ("tabs", plain.replace(',', "\t").into_bytes()),
        ("pipes", plain.replace(',', "|").into_bytes()),
        ("semicolons and decimal commas", plain.replace(',', ";").replace("34.5", "34,5").into()),
        ("a byte-order mark", marked.clone().into_bytes()),
        ("CRLF", plain.replace('\n', "\r\n").into_bytes()),
        ("CR", plain.replace('\n', "\r").into_bytes()),
        ("Windows-1252", windows_1252),
        ("UTF-16, little end first", utf16(&marked, u16::to_le_bytes)),
        ("UTF-16, big end first", utf16(&marked, u16::to_be_bytes)),
        ("no line break at the end", plain.trim_end().into()),
    ];
    let mut problems = Vec::new();
    for (name, bytes) in cases {
        let home = TestHome::new();
        let file = home.file("deals.csv", bytes);
        let loaded = home.import(&file);
        let metrics = home.json(["metrics", "--by", "region"]);
        let rows = metrics.as_array().expect("a list");
        let found: Vec<_> =
            rows.iter().map(|row| (row["value"].as_str(), row["closed_amount"].as_str())).collect();
        let expected = [("EU", "100.00"), ("US", "200.00"), ("Zürich", "1234.50")]
            .map(|(region, amount)| (Some(region), Some(amount)));
        if loaded["inserted"] != 3 || found != expected {
            problems.push(format!("{name}: {found:?}"));
        }
    }
    report(&problems);
}
