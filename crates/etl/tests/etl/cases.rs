//! Every file under `tests/cases`: inputs as a sales analyst meets them, and what must come of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use jiff::civil::Date;
use serde::Deserialize;
use winsight_etl::{Mapping, check};

use crate::harness::{Loaded, Row, Scratch, load, options};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

/// One input. `{FF}` in it stands for a byte, `{x*100}` for a letter many times.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    file: String,
    /// How the file is written: `utf-8` (default), `utf-8-bom`, `utf-16le`, `utf-16be` (both with
    /// byte-order mark), `utf-16le-bare` or `windows-1252`.
    #[serde(default)]
    encoding: String,
    mapping: Option<String>,
    today: Option<Date>,
    reporting_currency: Option<String>,
    time_zone: Option<String>,
    /// Parts of the message, if the file must be refused.
    #[serde(default)]
    error: Vec<String>,
    #[serde(default)]
    accepted: u64,
    #[serde(default)]
    duplicates: u64,
    /// Line to the checks that its row fails.
    #[serde(default)]
    quarantined: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    conflicting: Vec<String>,
    /// Checks that must be among the issues, as `check`, `check field` or `check field count`.
    #[serde(default)]
    issues: Vec<String>,
    /// Parts of the notes on the mapping.
    #[serde(default)]
    notes: Vec<String>,
    /// Deal to column to text; `""` means blank.
    #[serde(default)]
    deals: BTreeMap<String, Row>,
}

impl Case {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut rest = self.file.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let (marker, after) = after.split_once('}').expect("a marker ends");
            bytes.extend(self.encoded(before));
            match marker.split_once('*') {
                Some((letter, times)) => {
                    let times = times.parse().expect("a number of times");
                    bytes.extend(letter.as_bytes().repeat(times));
                }
                None => bytes.push(u8::from_str_radix(marker, 16).expect("a byte")),
            }
            rest = after;
        }
        bytes.extend(self.encoded(rest));
        let mark: &[u8] = match self.encoding.as_str() {
            "utf-8-bom" => b"\xef\xbb\xbf",
            "utf-16le" => b"\xff\xfe",
            "utf-16be" => b"\xfe\xff",
            _ => b"",
        };
        [mark, &bytes].concat()
    }

    fn encoded(&self, text: &str) -> Vec<u8> {
        match self.encoding.as_str() {
            "" | "utf-8-bom" => text.as_bytes().to_vec(),
            "utf-16le" | "utf-16le-bare" => {
                text.encode_utf16().flat_map(u16::to_le_bytes).collect()
            }
            "utf-16be" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            "windows-1252" => encoding_rs::WINDOWS_1252.encode(text).0.into_owned(),
            other => panic!("encoding {other}"),
        }
    }

    fn run(&self) {
        let scratch = Scratch::new();
        let path = scratch.write("deals.csv", self.bytes());
        let mut options = options();
        options.today = self.today.unwrap_or(options.today);
        options.settings.reporting_currency.clone_from(
            self.reporting_currency
                .as_ref()
                .unwrap_or(&options.settings.reporting_currency.clone()),
        );
        options.settings.time_zone = self.time_zone.clone().unwrap_or("UTC".to_owned());
        let mapping = self.mapping.as_deref().map(Mapping::from_toml).transpose();
        let outcome = mapping.and_then(|mapping| {
            options.mapping = mapping;
            load(&path, &options)
        });
        match outcome {
            Err(error) => {
                let message = error.to_string();
                assert!(!self.error.is_empty(), "was refused: {message}");
                for part in &self.error {
                    assert!(message.contains(part), "{part:?} is not in: {message}");
                }
            }
            Ok(loaded) => {
                assert!(self.error.is_empty(), "was loaded: {:#?}", loaded.report);
                self.compare(&loaded);
                options.mapping = Some(loaded.report.mapping.clone());
                let again = load(&path, &options).expect("the mapping used can be given");
                assert_eq!(again.deals, loaded.deals, "the mapping used reads the same");
                assert_eq!(again.report.mapping, loaded.report.mapping);
                let saved = loaded.report.mapping.to_toml();
                assert_eq!(Mapping::from_toml(&saved).expect("readable"), loaded.report.mapping);
            }
        }
    }

    fn compare(&self, loaded: &Loaded) {
        let report = &loaded.report;
        let quarantined: BTreeMap<_, _> = loaded
            .quarantined()
            .into_iter()
            .map(|(line, checks)| {
                (line.to_string(), checks.into_iter().map(str::to_owned).collect())
            })
            .collect();
        assert_eq!(quarantined, self.quarantined, "{:#?}", report.quarantined);
        assert_eq!(report.accepted, self.accepted, "accepted");
        assert_eq!(report.duplicates, self.duplicates, "duplicates");
        assert_eq!(report.conflicting, self.conflicting, "conflicting");
        for expected in &self.issues {
            let mut words = expected.split(' ');
            let mut word = || words.next().unwrap_or_default();
            let (name, field, count) = (word(), word(), word());
            let issue = loaded.issue(name, field);
            assert!(count.is_empty() || issue.count.to_string() == count, "{issue:#?}");
        }
        for part in &self.notes {
            let notes = report.mapping_notes.join("\n");
            assert!(notes.contains(part), "{part:?} is not in: {notes}");
        }
        for (deal_id, columns) in &self.deals {
            let deal = loaded.deal(deal_id);
            for (column, expected) in columns {
                let text = deal.get(column).map_or("", String::as_str);
                assert_eq!(text, expected, "{column} of {deal_id}");
            }
        }
    }
}

#[test]
fn every_case_comes_out_as_described() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut failures = Vec::new();
    let mut seen = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder of cases") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("readable");
        let cases: Cases =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        for case in cases.case {
            seen.extend(case.quarantined.values().flatten().cloned());
            seen.extend(
                case.issues.iter().filter_map(|issue| issue.split(' ').next()).map(str::to_owned),
            );
            if let Err(panic) = std::panic::catch_unwind(|| case.run()) {
                let message = panic.downcast_ref::<String>().cloned().unwrap_or_default();
                failures.push(format!("{}: {}\n{message}", path.display(), case.name));
            }
        }
    }
    assert!(failures.is_empty(), "{} cases failed:\n{}", failures.len(), failures.join("\n\n"));
    // Stage events, lookups and whole distributions have tests of their own.
    let elsewhere = [
        "missing_stage",
        "missing_date",
        "event_in_future",
        "not_in_lookup",
        "too_many_values",
        "misspelt_values",
        "cut_row",
        "waived",
        "outlying_amount",
        "outlying_cycle",
    ];
    let untested: Vec<_> = check::CATALOGUE
        .iter()
        .map(|check| check.name)
        .filter(|name| !elsewhere.contains(name) && !seen.iter().any(|other| other == name))
        .collect();
    assert!(untested.is_empty(), "no case shows the checks {untested:?}");
}
