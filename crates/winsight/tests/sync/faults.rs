//! Whatever happens on the way, the store holds what the CRM holds.

use winsight_emulate::{Command, Fault, FaultRule, Kind, RequestClass};
use winsight_jobs::JobError;
use winsight_sources::Cause;

use crate::account::Account;

/// Every fault that passes, and how often it strikes.
const FAULTS: [(Fault, f64); 12] = [
    (Fault::ServerError, 0.3),
    (Fault::RateLimit, 0.3),
    (Fault::Reset, 0.3),
    (Fault::Truncate, 0.3),
    (Fault::ContentType, 0.3),
    (Fault::ExpireToken, 0.3),
    (Fault::Duplicate, 1.0),
    (Fault::Edit, 1.0),
    (Fault::LockedRow, 0.3),
    (Fault::QueryTimeout, 0.3),
    (Fault::Partial, 0.3),
    (Fault::Timeout, 0.3),
];

fn rule((fault, chance): (Fault, f64)) -> FaultRule {
    let rule = FaultRule::new(fault, chance);
    // A request that is never answered takes its time.
    if fault == Fault::Timeout { rule.times(1) } else { rule }
}

/// Syncs until it succeeds. Afterwards nothing goes wrong any more, and what changed to the last
/// moment is read too.
async fn sync_broken(account: &Account, rules: &[FaultRule], full: bool, seed: u64) {
    account.break_by(rules, seed).await;
    let mut tries = 1;
    while let Err(error) = account.try_sync(full).await {
        // One that was stopped may be writing its last page down.
        let is_busy = matches!(error, JobError::Usage(_));
        assert!(is_busy || tries < 5, "{error}");
        tries += u32::from(!is_busy);
        tokio::task::yield_now().await;
    }
    account.break_by(&[], 0).await;
    if rules.iter().any(|rule| rule.fault == Fault::Edit) {
        account.sync(false).await;
    }
}

async fn each_fault_alone(kind: Kind) {
    let account = Account::new(kind, 60).await;
    account.sync(false).await;
    account.compare("without faults").await;
    for (seed, fault) in (1..).zip(FAULTS) {
        account.live_a_day().await;
        // It reads what changed, and then everything.
        sync_broken(&account, &[rule(fault)], true, seed).await;
        account.compare(&format!("{:?}", fault.0)).await;
    }
}

#[tokio::test]
async fn each_fault_alone_leaves_salesforce_exact() {
    each_fault_alone(Kind::Salesforce).await;
}

#[tokio::test]
async fn each_fault_alone_leaves_hubspot_exact() {
    each_fault_alone(Kind::HubSpot).await;
}

/// Everything at once, and each sync is stopped at some moment first, as by a kill.
async fn all_faults_together(kind: Kind) {
    let account = Account::new(kind, 60).await;
    let rules: Vec<_> = FAULTS.map(|(fault, chance)| rule((fault, chance / 6.0))).into();
    for day in 1..=4 {
        account.live_a_day().await;
        account.break_by(&rules, day).await;
        // It goes no further than so many requests of the first ones.
        for requests in [4, 11] {
            let until = account.emulator.requests().total + requests * day;
            tokio::select! {
                biased;
                () = account.asked(until) => {}
                _ = account.try_sync(day == 3) => {}
            }
        }
        sync_broken(&account, &rules, day == 3, day + 100).await;
        account.compare(&format!("day {day}")).await;
    }
}

#[tokio::test]
async fn all_faults_together_leave_salesforce_exact() {
    all_faults_together(Kind::Salesforce).await;
}

#[tokio::test]
async fn all_faults_together_leave_hubspot_exact() {
    all_faults_together(Kind::HubSpot).await;
}

#[tokio::test]
async fn a_spent_allowance_ends_a_sync_which_goes_on_the_next_day() {
    for kind in [Kind::Salesforce, Kind::HubSpot] {
        let account = Account::new(kind, 110).await;
        let class = [RequestClass::Results, RequestClass::Batch];
        account.break_by(&[FaultRule::new(Fault::DailyLimit, 1.0).on(&class)], 1).await;
        let error = account.try_sync(false).await.expect_err("refused").to_string();
        assert!(error.contains("today"), "{error}");
        let state = &account.workspace.source_states().await.expect("states")[0];
        assert!(state.unfinished.is_some());
        let failure = state.health.failure.as_ref().expect("a failure");
        assert_eq!(failure.cause, Some(Cause::Budget));
        account.break_by(&[], 1).await;
        assert!(account.sync(false).await.resumed);
        account.compare("after the allowance was back").await;
    }
}

#[tokio::test]
async fn what_changed_while_a_sync_lay_unfinished_comes_with_its_end() {
    for kind in [Kind::Salesforce, Kind::HubSpot] {
        let account = Account::new(kind, 110).await;
        account.sync(false).await;
        let mut resumed = 0;
        for seed in 0..12 {
            account.live_a_day().await;
            let reads = [RequestClass::Query, RequestClass::Search, RequestClass::Batch];
            account.break_by(&[FaultRule::new(Fault::DailyLimit, 0.15).on(&reads)], seed).await;
            let _ = account.try_sync(false).await;
            account.break_by(&[], seed).await;
            account.live_a_day().await;
            resumed += u32::from(account.sync(false).await.resumed);
            account.compare(&format!("{kind:?}, interrupted with seed {seed}")).await;
        }
        assert!(resumed > 0, "{kind:?}");
    }
}

#[tokio::test]
async fn a_connection_revoked_during_a_sync_goes_on_once_it_is_given_back() {
    for kind in [Kind::Salesforce, Kind::HubSpot] {
        let account = Account::new(kind, 300).await;
        let revoke = Command::Revoke { revoked: true };
        let (synced, ()) = tokio::join!(account.try_sync(false), account.meanwhile(16, revoke));
        let error = synced.expect_err("refused");
        let JobError::Source(said) = &error else { panic!("{error}") };
        assert_eq!(said.cause, Cause::Credentials, "{error}");
        let remedies = ["pre-authorise the integration user", "install the app in HubSpot again"];
        assert!(remedies.iter().any(|remedy| error.to_string().contains(remedy)), "{error}");
        account.execute(Command::Revoke { revoked: false }).await;
        assert!(account.sync(false).await.resumed);
        account.compare(&format!("{kind:?} after it was revoked")).await;
    }
}

#[tokio::test]
async fn a_long_storm_of_refusals_is_waited_out() {
    for kind in [Kind::Salesforce, Kind::HubSpot] {
        let account = Account::new(kind, 110).await;
        let storm = FaultRule { in_a_row: 20, ..FaultRule::new(Fault::RateLimit, 1.0) }.times(20);
        account.break_by(&[storm], 1).await;
        let report = account.sync(false).await;
        assert!(report.retries >= 20, "{} retries", report.retries);
        account.compare("after the storm").await;
    }
}

#[tokio::test]
async fn a_clock_that_is_off_moves_no_change_out_of_sight() {
    for kind in [Kind::Salesforce, Kind::HubSpot] {
        for minutes in [5, -5] {
            let account = Account::new(kind, 110).await;
            account.execute(Command::Skew { minutes }).await;
            account.sync(false).await;
            account.live_a_day().await;
            account.sync(false).await;
            account.compare(&format!("{kind:?} {minutes} minutes off")).await;
        }
    }
}
