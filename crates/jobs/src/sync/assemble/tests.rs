use std::io::Read;
use std::sync::Arc;

use serde_json::Value;
use winsight_sources::{Cursor, Deletion, Next, Page, Record, Table};
use winsight_vault::Vault;

use super::{Assembly, Kind};
use crate::sync::PageFolder;
use crate::sync::spread::Measure;

fn record(deal: &str, id: &str, at: i64, fields: &[&str]) -> Record {
    let fields = fields.iter().map(ToString::to_string).collect();
    Record { deal: deal.to_owned(), id: id.to_owned(), at, fields }
}

fn table(columns: &[&str], rows: Vec<Record>) -> Table {
    Table { columns: columns.iter().map(ToString::to_string).collect(), rows }
}

fn page(whole: bool, deals: &[(&str, &str)], deleted: &[&str]) -> Page {
    let rows = deals.iter().map(|(deal, name)| record(deal, "", 0, &[deal, name])).collect();
    let gone = |deal: &&str| Deletion { deal: (*deal).to_owned(), at: 0 };
    Page {
        deals: table(&["id", "name"], rows),
        whole,
        deleted: deleted.iter().map(gone).collect(),
        ..Page::empty(Next::End(Cursor(Value::Null)))
    }
}

fn assembled(pages: &[Page]) -> (tempfile::TempDir, Assembly) {
    assembled_under(&["id", "name"], pages)
}

fn assembled_under(columns: &[&str], pages: &[Page]) -> (tempfile::TempDir, Assembly) {
    measured(Measure::default(), columns, pages)
}

fn measured(measure: Measure, columns: &[&str], pages: &[Page]) -> (tempfile::TempDir, Assembly) {
    let folder = tempfile::tempdir().expect("a folder");
    let vault = Vault::ephemeral().expect("keys");
    let kept = PageFolder::new(folder.path().to_owned(), Some(vault)).of("crm").expect("free");
    for (number, page) in (0..).zip(pages) {
        kept.write(number, page).expect("written");
    }
    let columns: Vec<_> = columns.iter().map(ToString::to_string).collect();
    let (kept, count) = (Arc::new(kept), pages.len() as u64);
    let assembly = Assembly::new(kept, count, &columns, measure).expect("read");
    (folder, assembly)
}

fn text(feed: &winsight_etl::Feed) -> String {
    let mut text = String::new();
    feed.rows().expect("opens").read_to_string(&mut text).expect("text");
    text
}

#[test]
fn the_last_page_that_names_a_deal_counts() {
    let pages = [
        page(true, &[("1", "old"), ("2", "two, and \"more\""), ("3", "gone")], &[]),
        page(true, &[("1", "new"), ("4", "back again")], &["3"]),
        page(true, &[], &["4"]),
        page(true, &[("4", "restored")], &[]),
    ];
    let (_folder, assembly) = assembled(&pages);
    assert_eq!(text(&assembly.deals("crm")), "2,\"two, and \"\"more\"\"\"\n1,new\n4,restored\n");
    let mut gone = Vec::new();
    assembly.deleted(|deal| gone.push(deal.to_owned())).expect("read");
    assert_eq!(gone, ["3"]);
    assert_eq!((assembly.count(Kind::Deals), assembly.count(Kind::Deleted)), (3, 1));
}

#[test]
fn columns_are_found_by_name_when_the_account_changes_them_meanwhile() {
    let mut later = page(true, &[], &[]);
    later.deals = table(&["name", "region", "id"], vec![record("2", "", 0, &["b", "north", "2"])]);
    let pages = [page(true, &[("1", "a")], &[]), later];
    let (_folder, assembly) = assembled_under(&["id", "region", "name"], &pages);
    assert_eq!(text(&assembly.deals("crm")), "1,,a\n2,north,b\n");
}

#[test]
fn events_come_in_their_order_and_once() {
    let event =
        |deal: &str, id: &str, at, stage: &str| record(deal, id, at, &[deal, "2024-03-01", stage]);
    let mut listing = page(false, &[("1", "a"), ("2", "b")], &[]);
    let mut history = page(false, &[], &[]);
    listing.events.rows = vec![event("2", "h4", 4, "Won"), event("1", "h1", 1, "New")];
    history.events.rows = vec![
        event("2", "h2", 2, "New"),
        event("2", "h3", 3, "New"),
        event("2", "h4", 4, "Won"),
        event("9", "h5", 5, "of no deal"),
    ];
    let mut later = page(true, &[("1", "a")], &[]);
    later.events.rows = vec![event("1", "h1", 1, "New"), event("1", "h6", 6, "Lost")];
    let (_folder, assembly) = assembled(&[listing, history, later]);
    assert_eq!(
        text(&assembly.events("crm")),
        "1,2024-03-01,New\n1,2024-03-01,Lost\n2,2024-03-01,New\n2,2024-03-01,Won\n"
    );
}

#[test]
fn pages_are_sealed_and_one_process_has_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let vault = Vault::ephemeral().expect("keys");
    let place = PageFolder::new(folder.path().to_owned(), Some(vault));
    let pages = place.of("crm").expect("free");
    pages.write(0, &page(true, &[("1", "Ann Smith")], &[])).expect("written");
    assert!(pages.has(1) && !pages.has(2));
    let stored = std::fs::read(folder.path().join("crm/000000000.page")).expect("there");
    assert!(!String::from_utf8_lossy(&stored).contains("Ann Smith"));
    assert!(place.of("crm").is_err(), "another sync of the same source waits its turn");
    pages.clear().expect("cleared");
    assert!(!pages.has(1));
}

#[test]
fn histories_spread_over_many_pages_come_deal_by_deal() {
    const DEALS: usize = 50;
    const PAGES: i32 = 40;
    let names: Vec<_> = (0..DEALS).map(|deal| format!("deal {deal}")).collect();
    let listed: Vec<_> = names.iter().map(|name| (name.as_str(), "")).collect();
    let mut pages = vec![page(false, &listed, &[])];
    let stages: Vec<_> = (0..PAGES).map(|number| format!("stage {number}")).collect();
    for (number, stage) in (0..PAGES).zip(&stages).rev() {
        let mut history = page(false, &[], &[]);
        let event =
            |deal: &String| record(deal, stage, i64::from(number), &[deal, "2024-03-01", stage]);
        history.events.rows = names.iter().map(event).collect();
        pages.push(history);
    }
    // Two files of a thousand rows are far too large, and so are those that come of them.
    let measure = Measure { rows: 100, files: 2 };
    let (folder, assembly) = measured(measure, &["id", "name"], &pages);
    let text = text(&assembly.events("crm"));
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    let of_deals: Vec<_> = rows.chunk_by(|one, next| one[0] == next[0]).collect();
    assert_eq!(of_deals.len(), DEALS, "the rows of a deal follow one another");
    for of_deal in of_deals {
        assert!(of_deal.iter().map(|row| row[2]).eq(&stages), "{of_deal:?}");
    }
    let parts = || {
        let files = std::fs::read_dir(folder.path().join("crm")).expect("there");
        let paths = files.map(|file| file.expect("there").path());
        paths.filter(|path| path.extension().is_some_and(|it| it == "part")).collect::<Vec<_>>()
    };
    assert!(parts().len() > 1);
    for part in parts() {
        let stored = std::fs::read(part).expect("there");
        assert!(!stored.windows(5).any(|bytes| bytes == b"stage"), "it is sealed");
    }
    drop(assembly);
    assert!(parts().is_empty(), "they go when they are no longer needed");
}
