//! `key`: the keys that the data is encrypted with.

use anyhow::Result;
use serde_json::json;
use winsight_jobs::{KeyChange, change_keys};

use crate::cli::{KeyAction, Place};
use crate::configuration;
use crate::output::{progress_bar, say, say_json};

pub(crate) async fn run(place: &Place, action: KeyAction, json: bool) -> Result<()> {
    let KeyAction::Rotate { data, new_key_file } = action;
    let home = configuration::home(place)?;
    let settings = configuration::settings(&home)?;
    let encryption = configuration::encryption(&home, &settings);
    let now = configuration::now();
    let change = KeyChange { new_key_file, data };
    let bar = progress_bar(0, "encrypting anew", false);
    let progress = |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let changed = change_keys(&home, &encryption, &settings, &change, now, progress).await;
    bar.finish_and_clear();
    let changed = changed?;
    if json {
        return say_json(&json!({
            "key_file": changed.key_file, "data": data, "resealed": changed.resealed,
            "resumed": changed.resumed,
        }));
    }
    if changed.resumed {
        say("a change of the data keys that was interrupted has been brought to its end")?;
    }
    if data {
        let files = changed.resealed;
        say(&format!("{files} files and the database are encrypted with new data keys"))?;
    }
    say(&format!(
        "the new key is in {}; keep a copy of it in another place, and destroy copies of the old one",
        changed.key_file.display()
    ))
}
