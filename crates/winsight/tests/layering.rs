//! The crates form a pipeline, and arrows point only one way along it.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::process::Command;

use serde_json::Value;

/// The crates in the order of the pipeline, planned ones included. A crate may depend only on
/// crates before it.
const PIPELINE: [&str; 17] = [
    "winsight-model",
    "winsight-vault",
    "winsight-sources",
    "winsight-etl",
    "winsight-store",
    "winsight-insight",
    "winsight-risk",
    "winsight-alert",
    "winsight-notify",
    "winsight-report",
    "winsight-meta",
    "winsight-jobs",
    "winsight-server",
    "winsight-simulate",
    "winsight-proof",
    "winsight-emulate",
    "winsight",
];

/// Steps that must not know each other, though the order would allow it.
const FORBIDDEN: [(&str, &str, &str); 8] = [
    ("winsight-etl", "winsight-sources", "etl does not talk to a CRM"),
    ("winsight-store", "winsight-etl", "the store takes rows from anyone"),
    ("winsight-insight", "winsight-store", "insight is pure: values in, values out"),
    ("winsight-alert", "winsight-store", "alerts judge values, they do not fetch them"),
    ("winsight-report", "winsight-store", "reports do not query tables"),
    ("winsight-emulate", "winsight-model", "it must not agree with the product by construction"),
    ("winsight-emulate", "winsight-sources", "it must not agree with the product by construction"),
    ("winsight-server", "winsight-simulate", "simulation is not needed in production"),
];

/// Every crate of the workspace with the crates it names.
fn crates() -> Vec<(String, Vec<String>)> {
    let cargo = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&cargo.stdout).expect("cargo prints JSON");
    let name = |value: &Value| value["name"].as_str().expect("a name").to_owned();
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .map(|package| {
            let named = package["dependencies"].as_array().expect("dependencies");
            (name(package), named.iter().map(name).collect())
        })
        .collect()
}

fn place(name: &str) -> usize {
    let place = PIPELINE.iter().position(|known| *known == name);
    place.unwrap_or_else(|| panic!("{name} has no place in the pipeline"))
}

#[test]
fn no_arrow_points_upward() {
    let mut arrows = 0;
    for (name, dependencies) in crates() {
        let ours = dependencies.iter().filter(|dependency| dependency.starts_with("winsight"));
        for dependency in ours {
            assert!(place(dependency) < place(&name), "{name} must not depend on {dependency}");
            for (from, to, why) in FORBIDDEN {
                assert!((from, to) != (&name, dependency), "{from} must not know {to}: {why}");
            }
            arrows += 1;
        }
    }
    assert!(arrows > 10, "only {arrows} arrows seen: is the workspace read at all?");
}

#[test]
fn only_the_store_names_the_engine() {
    for (name, dependencies) in crates() {
        let engine = |dependency: &&String| {
            dependency.starts_with("datafusion") || dependency.starts_with("deltalake")
        };
        let named = dependencies.iter().find(engine);
        assert_eq!(named.is_some(), name == "winsight-store", "{name} and {named:?}");
    }
}
