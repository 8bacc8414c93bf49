//! Rebuilds the server when the built dashboard changes. Needs no Node and writes nothing.

use std::path::Path;

fn main() {
    let built = Path::new("../../web/dist");
    // Watching a folder that does not exist would rebuild every time; the one around it shows when
    // the dashboard is first built.
    let watched = if built.exists() { built } else { Path::new("../../web") };
    println!("cargo::rerun-if-changed={}", watched.display());
}
