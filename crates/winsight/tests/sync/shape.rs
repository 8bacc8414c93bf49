//! What administrators do to a CRM: fields, labels, masses of deals.

use winsight_emulate::{Command, Kind};

use crate::account::Account;

fn region(kind: Kind) -> (String, String) {
    let (object, field) = match kind {
        Kind::Salesforce => ("Opportunity", "Region__c"),
        Kind::HubSpot => ("deals", "region"),
    };
    (object.to_owned(), field.to_owned())
}

#[tokio::test]
async fn a_field_that_was_away_or_of_another_type_is_whole_again_afterwards() {
    for kind in [Kind::Salesforce, Kind::HubSpot] {
        let account = Account::new(kind, 110).await;
        account.sync(false).await;
        let (object, field) = region(kind);
        let changes = [
            Command::RemoveField { object: object.clone(), field: field.clone() },
            Command::RetypeField { object, field },
        ];
        for change in changes {
            account.execute(change.clone()).await;
            account.live_a_day().await;
            let is_retyped = matches!(change, Command::RetypeField { .. });
            assert_eq!(account.try_sync(false).await.is_ok(), is_retyped, "{kind:?}");
            account.execute(Command::RestoreSchema).await;
            let report = account.sync(false).await;
            assert_eq!(report.full, is_retyped, "{kind:?}: everything is read after {change:?}");
            account.compare(&format!("{kind:?} after {change:?}")).await;
            assert!(!account.sync(false).await.full);
        }
    }
}

#[tokio::test]
async fn no_deal_loses_a_field_that_is_shown_no_more_unless_somebody_says_so() {
    for (kind, object, field) in
        [(Kind::Salesforce, "Opportunity", "Amount"), (Kind::HubSpot, "deals", "amount")]
    {
        let account = Account::new(kind, 110).await;
        account.sync(false).await;
        let removed = Command::RemoveField { object: object.to_owned(), field: field.to_owned() };
        account.execute(removed).await;
        account.live_a_day().await;
        let refused = account.try_sync(false).await.expect_err("refused").to_string();
        let said = format!("no longer shows {field}, which the deals of crm were read with");
        assert!(refused.contains(&said), "{kind:?}: {refused}");
        account.sync(true).await;
        account.live_a_day().await;
        account.sync(false).await;
        account.execute(Command::RestoreSchema).await;
        assert!(account.sync(false).await.full, "{kind:?}: all amounts are read");
        account.compare(&format!("{kind:?} with amounts again")).await;
    }
}

/// What is missing afterwards is read again: a sync that fails says so, and one that does not has the
/// deals as they were under their old names.
#[tokio::test]
async fn what_administrators_change_during_a_sync_is_whole_afterwards() {
    for kind in [Kind::Salesforce, Kind::HubSpot] {
        let account = Account::new(kind, 150).await;
        account.sync(false).await;
        let (object, field) = region(kind);
        for after in [12, 22] {
            let mut changes = vec![
                Command::RemoveField { object: object.clone(), field: field.clone() },
                Command::RetypeField { object: object.clone(), field: field.clone() },
            ];
            if kind == Kind::HubSpot {
                let stage = account.emulator.truth().deals[0].stage.clone();
                let label = format!("Label after {after}");
                changes.push(Command::RenamePipeline { pipeline: 0, label: label.clone() });
                changes.push(Command::RenameStage { stage, label });
            }
            for change in changes {
                account.live_a_day().await;
                let meanwhile = account.meanwhile(after, change.clone());
                let (_, ()) = tokio::join!(account.try_sync(true), meanwhile);
                account.execute(Command::RestoreSchema).await;
                account.sync(false).await;
                account.sync(false).await;
                account.compare(&format!("{kind:?}, {change:?} after {after} requests")).await;
            }
        }
    }
}

#[tokio::test]
async fn new_labels_reach_the_deals_that_have_them() {
    let account = Account::new(Kind::HubSpot, 110).await;
    account.sync(false).await;
    account.execute(Command::RenamePipeline { pipeline: 0, label: "Direct".to_owned() }).await;
    account.sync(false).await;
    account.compare("after the label of a pipeline changed").await;
    // Most deals have left it.
    let stage = account.emulator.truth().deals[0].stages[0].1.clone();
    account.execute(Command::RenameStage { stage, label: "Talks".to_owned() }).await;
    account.sync(false).await;
    account.compare("after the label of a stage changed").await;
}

#[tokio::test]
async fn deals_that_left_no_trace_are_gone() {
    for kind in [Kind::Salesforce, Kind::HubSpot] {
        let account = Account::new(kind, 400).await;
        account.sync(false).await;
        for _ in 0..20 {
            account.live_a_day().await;
        }
        let gone = account.emulator.truth().deleted.len() as u64;
        account.execute(Command::EmptyBin).await;
        let report = account.sync(false).await;
        account.compare(&format!("{kind:?} after the bin was emptied")).await;
        assert!(gone > 0 && report.drift.is_some_and(|drift| drift.gone > 0), "{kind:?}, {gone}");
        assert_eq!(account.sync(false).await.drift, None, "{kind:?}");
    }
}

#[tokio::test]
async fn deals_that_are_saved_at_one_moment_are_all_read() {
    for kind in [Kind::Salesforce, Kind::HubSpot] {
        let account = Account::new(kind, 500).await;
        account.sync(false).await;
        account.execute(Command::EditMany { deals: 450, spread: 0 }).await;
        account.sync(false).await;
        account.compare(&format!("{kind:?} after a mass edit")).await;
    }
}
