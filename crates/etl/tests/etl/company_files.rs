//! Real files of two companies, kept beside the repository and never in it.

use std::path::{Path, PathBuf};

use jiff::civil::date;

use crate::harness::{Loaded, load, options};

fn folder() -> Option<PathBuf> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    if folder.exists() {
        return Some(folder.to_owned());
    }
    println!("skipped: no ../shared");
    None
}

fn outcomes(loaded: &Loaded) -> [usize; 3] {
    ["won", "lost", "open"]
        .map(|outcome| loaded.deals.iter().filter(|deal| deal["outcome"] == outcome).count())
}

#[test]
fn skygeni_loads_whole() {
    let Some(folder) = folder() else { return };
    let loaded = load(&folder.join("skygeni_sales_data.csv"), &options()).expect("loads");
    assert_eq!(loaded.report.accepted, 5000);
    assert_eq!(outcomes(&loaded), [2263, 2737, 0]);
    let cents = |deal: &crate::harness::Row| deal["amount"].replace('.', "").parse::<u64>();
    let total: u64 = loaded.deals.iter().map(|deal| cents(deal).expect("an amount")).sum();
    assert_eq!(total, 13_143_246_400);
    let enterprise = |deal: &&crate::harness::Row| {
        deal.get("acv_bucket").is_some_and(|bucket| bucket == "Enterprise")
    };
    assert_eq!(loaded.deals.iter().filter(enterprise).count(), 1042);
    assert_eq!(loaded.report.issues, [], "nothing is odd about this file");
    assert_eq!(loaded.report.quality.completeness, 100.0);
}

#[test]
fn maven_keeps_its_open_deals() {
    let Some(folder) = folder() else { return };
    let lookups = ["maven_accounts.csv", "maven_products.csv", "maven_sales_teams.csv"];
    let lookups = lookups.map(|name| {
        let path = folder.join(name);
        assert!(winsight_etl::is_lookup(&path).expect("readable"));
        winsight_etl::read_lookup(&path).expect("readable")
    });
    let pipeline = folder.join("maven_sales_pipeline.csv");
    assert!(!winsight_etl::is_lookup(&pipeline).expect("readable"));
    let mut options = options();
    options.today = date(2018, 1, 1);

    let alone = load(&pipeline, &options).expect("loads");
    assert_eq!(alone.report.accepted, 8800);
    assert_eq!(outcomes(&alone), [4238, 2473, 2089]);
    assert_eq!(alone.issue("missing", "account").count, 1425);
    assert_eq!(alone.issue("missing", "created_date").count, 500);
    assert_eq!(alone.issue("lost_without_amount", "amount").count, 2473);

    options.lookups = lookups.into();
    let loaded = load(&pipeline, &options).expect("loads");
    assert_eq!(outcomes(&loaded), [4238, 2473, 2089]);
    let spelling = loaded.issue("spelling_variants", "product");
    assert_eq!(spelling.examples, ["\"GTXPro\" ×1480, \"GTX Pro\" in maven_products.csv"]);
    assert_eq!(spelling.count, 1480);
    let first = loaded.deal("1C1I7A6R");
    assert_eq!(first["team"], "Dustin Brinkmann");
    assert_eq!(first["region"], "Central");
    assert_eq!(first["industry"], "retail");
    assert_eq!(first["cycle_days"], "132");
}
