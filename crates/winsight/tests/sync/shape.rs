//! What administrators do to a CRM: fields, labels, masses of deals.

use winsight_emulate::{Command, Kind};

use crate::account::{Account, SOURCE};

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
        let tested = account.workspace.test_source(SOURCE).await.expect("described");
        let refusal = tested.findings.iter().find(|it| it.missing == field).expect("foreseen");
        assert!(refusal.effect.contains("every sync but a full one is refused"), "{refusal:?}");
        account.sync(true).await;
        account.live_a_day().await;
        account.sync(false).await;
        account.execute(Command::RestoreSchema).await;
        assert!(account.sync(false).await.full, "{kind:?}: all amounts are read");
        account.compare(&format!("{kind:?} with amounts again")).await;
    }
}

#[tokio::test]
async fn the_next_sync_goes_on_from_one_that_was_held_and_released() {
    let account = Account::with_gate(Kind::Salesforce, 400, 100).await;
    account.sync(false).await;
    let (object, field) = ("Opportunity".to_owned(), "Amount".to_owned());
    account.execute(Command::RemoveField { object, field }).await;
    let held = account.sync(true).await;
    assert!(held.loads.iter().any(|load| load.held.is_some()), "{held:?}");
    let state = account.workspace.source_states().await.expect("listed").remove(0);
    assert_eq!(state.held.len(), 1);
    account.try_sync(false).await.expect_err("the field is still missed");
    account.workspace.accept(None).await.expect("released");
    account.live_a_day().await;
    let report = account.sync(false).await;
    assert!(!report.full && report.loads.iter().all(|load| load.held.is_none()), "{report:?}");
    assert!(account.workspace.source_states().await.expect("listed").remove(0).held.is_empty());
}

#[tokio::test]
async fn a_sync_that_goes_through_ends_what_an_earlier_one_held() {
    let account = Account::with_gate(Kind::HubSpot, 400, 100).await;
    account.sync(false).await;
    let (object, field) = ("deals".to_owned(), "amount".to_owned());
    account.execute(Command::RemoveField { object, field }).await;
    for times in 1..=2 {
        account.sync(true).await;
        let state = account.workspace.source_states().await.expect("listed").remove(0);
        assert_eq!(state.held.len(), times);
    }
    account.execute(Command::RestoreSchema).await;
    account.live_a_day().await;
    account.sync(false).await;
    assert!(account.workspace.source_states().await.expect("listed").remove(0).held.is_empty());
    account.workspace.accept(None).await.expect_err("nothing is held");
    account.compare("with amounts again").await;
}

#[tokio::test]
async fn what_is_released_while_a_sync_reads_is_read_again() {
    let account = Account::with_gate(Kind::HubSpot, 400, 100).await;
    account.sync(false).await;
    let (object, field) = ("deals".to_owned(), "amount".to_owned());
    account.execute(Command::RemoveField { object, field }).await;
    account.sync(true).await;
    account.execute(Command::RestoreSchema).await;
    account.live_a_day().await;
    let releases = async {
        account.asked(account.emulator.requests().total + 3).await;
        account.workspace.accept(None).await.expect("released");
    };
    let (synced, ()) = tokio::join!(account.try_sync(false), releases);
    assert!(!synced.expect("synced").full);
    assert!(account.sync(false).await.full, "all amounts are read");
    // So many changes are held, too.
    account.workspace.accept(None).await.expect("released");
    account.compare("with amounts again").await;
}

#[tokio::test]
async fn an_object_that_is_shown_by_now_is_no_loss_of_what_stood_in_for_it() {
    let account = Account::new(Kind::Salesforce, 110).await;
    for object in ["Account", "User"] {
        account.execute(Command::HideObject { object: object.to_owned() }).await;
    }
    account.sync(false).await;
    let refused = async || account.try_sync(false).await.expect_err("refused").to_string();
    let (object, field) = ("Opportunity".to_owned(), "AccountId".to_owned());
    account.execute(Command::RemoveField { object, field }).await;
    assert!(refused().await.contains("no longer shows AccountId, which"));
    account.execute(Command::RestoreSchema).await;
    account.live_a_day().await;
    assert!(account.sync(false).await.full, "all accounts are read");
    account.compare("with accounts and owners").await;
    account.execute(Command::HideObject { object: "Account".to_owned() }).await;
    let gone = "no longer shows Account.BillingCountry, Account.Industry, Account.Name, which";
    assert!(refused().await.contains(gone), "{}", refused().await);
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
async fn stages_come_from_tracked_changes_where_their_history_is_hidden() {
    let account = Account::new(Kind::Salesforce, 110).await;
    let hidden = |object: &str| Command::HideObject { object: object.to_owned() };
    account.execute(hidden("OpportunityHistory")).await;
    let (report, ()) =
        tokio::join!(account.sync(false), account.meanwhile(30, Command::LiveOn { changes: 20 }));
    let finding = report.findings.iter().find(|it| it.missing == "object OpportunityHistory");
    let effect = &finding.expect("told").effect;
    assert!(effect.contains("OpportunityFieldHistory"), "{effect}");
    for day in 1..4 {
        account.live_a_day().await;
        account.sync(false).await;
        account.compare(&format!("day {day} of tracked changes")).await;
    }
    account.execute(hidden("OpportunityFieldHistory")).await;
    let refused = account.try_sync(false).await.expect_err("refused").to_string();
    assert!(refused.contains("no longer shows OpportunityFieldHistory"), "{refused}");
    account.execute(Command::RestoreSchema).await;
    assert!(account.sync(false).await.full, "the whole history is read");
    account.compare("with the whole history").await;
    account.execute(hidden("OpportunityHistory")).await;
    let refused = account.try_sync(false).await.expect_err("refused").to_string();
    assert!(refused.contains("no longer shows OpportunityHistory"), "{refused}");
}

#[tokio::test]
async fn a_history_that_is_hidden_during_the_first_sync_leaves_no_deal_without_stages() {
    let mut interrupted = 0;
    for after in [16, 24, 32] {
        let account = Account::new(Kind::Salesforce, 110).await;
        let hidden = Command::HideObject { object: "OpportunityHistory".to_owned() };
        let meanwhile = account.meanwhile(after, hidden);
        let (first, ()) = tokio::join!(account.try_sync(false), meanwhile);
        if first.is_ok() {
            continue;
        }
        interrupted += 1;
        account.sync(false).await;
        account.compare(&format!("hidden after {after} requests")).await;
    }
    assert!(interrupted > 0, "every sync was done before");
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
