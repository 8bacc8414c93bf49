//! The company behind the interface: the same for the same seed, and never still.

use std::collections::BTreeSet;

use winsight_emulate::{Command, Kind, Truth};

use crate::{options, start};

async fn after_a_month(kind: Kind, seed: u64) -> Truth {
    let options = winsight_emulate::Options { seed, ..options(kind, 1000) };
    let emulator = start(options).await;
    emulator.execute(Command::LiveDays { days: 30 }).await.expect("days pass");
    emulator.truth()
}

#[tokio::test]
async fn the_same_seed_gives_the_same_month() {
    for kind in [Kind::Salesforce, Kind::HubSpot] {
        let month = after_a_month(kind, 3).await;
        assert_eq!(month, after_a_month(kind, 3).await);
        assert_ne!(month, after_a_month(kind, 4).await);
    }
}

#[tokio::test]
async fn a_month_has_changes_of_every_kind() {
    let emulator = start(options(Kind::HubSpot, 1000)).await;
    let before = emulator.truth();
    emulator.execute(Command::LiveDays { days: 30 }).await.expect("days pass");
    let after = emulator.truth();
    let ids = |truth: &Truth| truth.deals.iter().map(|it| it.id.clone()).collect::<BTreeSet<_>>();
    let new = ids(&after).difference(&ids(&before)).count();
    let (deleted, merged) = (after.deleted.len(), after.merged.len());
    assert!(new > 5 && deleted > 5 && merged > 3, "{new} new, {deleted} gone, {merged} merged");
    let pairs = before
        .deals
        .iter()
        .filter_map(|old| Some((old, after.deals.iter().find(|new| new.id == old.id)?)));
    let pairs: Vec<_> = pairs.collect();
    let differ = |what: &dyn Fn(&winsight_emulate::DealTruth) -> String| {
        pairs.iter().filter(|(old, new)| what(old) != what(new)).count()
    };
    assert!(differ(&|it| it.stage.clone()) > 20);
    assert!(differ(&|it| format!("{:?}", it.amount)) > 20);
    assert!(differ(&|it| it.owner.clone()) > 5);
    assert!(differ(&|it| it.account.clone()) > 1, "accounts are renamed");
    // A deal is stamped whenever it changes, but not when its customer or its owner's team does.
    for (old, new) in pairs {
        let same = old.modified_at == new.modified_at;
        let unchanged = old.stages == new.stages && old.amount == new.amount;
        assert!(!same || unchanged, "{old:?} became {new:?}");
        assert!(new.modified_at <= after.now);
    }
}
