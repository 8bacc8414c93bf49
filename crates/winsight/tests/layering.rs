//! The crates form a pipeline, and arrows point only one way along it.

use cargo_metadata::MetadataCommand;

/// The crates in the order of the pipeline, planned ones included. A crate may depend only on
/// crates before it.
const PIPELINE: [&str; 13] = [
    "winsight-model",
    "winsight-sources",
    "winsight-etl",
    "winsight-store",
    "winsight-insight",
    "winsight-risk",
    "winsight-alert",
    "winsight-report",
    "winsight-meta",
    "winsight-jobs",
    "winsight-server",
    "winsight-simulate",
    "winsight",
];

/// Steps that must not know each other, though the order would allow it.
const FORBIDDEN: [(&str, &str, &str); 6] = [
    ("winsight-etl", "winsight-sources", "etl does not talk to a CRM"),
    ("winsight-store", "winsight-etl", "the store takes rows from anyone"),
    ("winsight-insight", "winsight-store", "insight is pure: values in, values out"),
    ("winsight-alert", "winsight-store", "alerts judge values, they do not fetch them"),
    ("winsight-report", "winsight-store", "reports do not query tables"),
    ("winsight-server", "winsight-simulate", "simulation is not needed in production"),
];

#[test]
fn no_arrow_points_upward() {
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo metadata");
    let place = |name: &str| PIPELINE.iter().position(|known| *known == name);
    let mut arrows = 0;
    for package in &metadata.packages {
        let from = place(&package.name)
            .unwrap_or_else(|| panic!("{} has no place in the pipeline", package.name));
        for dependency in package.dependencies.iter().filter(|dep| dep.name.starts_with("winsight")) {
            let to = place(&dependency.name)
                .unwrap_or_else(|| panic!("{} has no place in the pipeline", dependency.name));
            assert!(to < from, "{} must not depend on {}", package.name, dependency.name);
            for (crate_name, unwanted, why) in FORBIDDEN {
                let broken = package.name.as_str() == crate_name && dependency.name == unwanted;
                assert!(!broken, "{crate_name} must not depend on {unwanted}: {why}");
            }
            arrows += 1;
        }
    }
    assert!(arrows > 10, "only {arrows} arrows seen: is the workspace read at all?");
}

#[test]
fn only_the_store_names_the_engine() {
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo metadata");
    for package in metadata.packages.iter().filter(|package| package.name.as_str() != "winsight-store") {
        for dependency in &package.dependencies {
            let engine = ["datafusion", "deltalake"].iter().any(|name| dependency.name.starts_with(name));
            assert!(!engine, "{} must not name {}", package.name, dependency.name);
        }
    }
}
