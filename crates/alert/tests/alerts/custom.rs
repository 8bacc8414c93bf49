use winsight_alert::{CustomLook, CustomRule, RuleFailure, Verdict, evaluate, read_rules};
use winsight_model::{DataVersion, Segment, Tally};

use crate::data::{QUARTER, QUARTER_BEFORE, segment, shares};

fn one(text: &str) -> CustomRule {
    read_rules(text).expect("a good rule").remove(0)
}

fn look(rows: &[(Segment, Tally, Tally)]) -> CustomLook<'_> {
    CustomLook {
        window: QUARTER,
        compared: Some(QUARTER_BEFORE),
        rows,
        level: 0.001,
        currency: "USD",
        data_version: DataVersion(7),
    }
}

fn found(rule: &str, now: (u64, u64), before: (u64, u64)) -> Result<Vec<Verdict>, RuleFailure> {
    let rows = [(segment("lead_source", "Ads"), shares(now), shares(before))];
    evaluate(&one(rule), &look(&rows))
}

const RULE: &str = r#"
[[rule]]
name = "ads_win_rate"
metric = "win_rate"
dimensions = ["lead_source"]
comparison = "previous_period"
threshold = { points = 5 }
direction = "down"
owner = "Ada"
"#;

#[test]
fn a_guarded_rule_needs_evidence_and_an_unguarded_one_says_that_it_has_none() {
    let few = found(RULE, (15, 25), (20, 20)).expect("evaluates");
    assert!(!few[0].passed, "12 points in 40 deals may be chance");
    let many = found(RULE, (375, 625), (500, 500)).expect("evaluates");
    assert!(many[0].passed);
    assert!(many[0].finding.message.contains("win rate: 37.5% (down from 50.0%"));
    assert_eq!(many[0].finding.rule_name(), "ads_win_rate");

    let unguarded = format!("{RULE}evidence = \"unguarded\"\n");
    let told = found(&unguarded, (15, 25), (20, 20)).expect("evaluates");
    assert!(told[0].passed);
    assert!(told[0].finding.evidence.summary.contains("unguarded"), "{:?}", told[0].finding);
    assert_eq!(found(RULE, (460, 540), (500, 500)).expect("evaluates"), [], "4 points");
}

#[test]
fn a_condition_may_ask_for_more_and_its_failure_is_told() {
    let with = |condition: &str| format!("{RULE}condition = '{condition}'\n");
    let drop = ((375, 625), (500, 500));
    let asked = with("deals > 900.0 && baseline_win_rate > 0.4 && segment == \"Ads\"");
    assert_eq!(found(&asked, drop.0, drop.1).expect("evaluates").len(), 1);
    assert_eq!(found(&with("deals > 2000.0"), drop.0, drop.1).expect("evaluates"), []);
    for (condition, words) in [("nothing > 1.0", "nothing"), ("deals", "must give true or false")] {
        let failure = found(&with(condition), drop.0, drop.1).expect_err("fails");
        assert_eq!(failure.rule, "ads_win_rate");
        assert!(failure.reason.contains(words), "{failure}");
    }
}

#[test]
fn mistakes_are_told_by_line() {
    let cases = [
        ("name = 'ads_win_rate'", "name = 'Ads!'", 3, "no name of a rule"),
        ("metric = \"win_rate\"", "metric = \"rwwr\"", 7, "there is no test for rwwr"),
        ("metric = \"win_rate\"", "metric = \"wins\"", 4, "wins"),
        ("[\"lead_source\"]", "[\"lead_sorce\"]", 5, "did you mean \"lead_source\"?"),
        ("{ points = 5 }", "{ level = 0.4 }", 7, "a level stands alone"),
        ("{ points = 5 }", "{ points = -5 }", 7, "too small"),
        ("direction = \"down\"", "direction = \"down\"\ncondition = 'deals >'", 9, "no CEL"),
        ("owner =", "ower =", 9, "ower"),
    ];
    for (before, after, line, words) in cases {
        let good = RULE.replace("name = \"ads_win_rate\"", "name = 'ads_win_rate'");
        let mistakes = read_rules(&good.replace(before, after)).expect_err(after);
        assert_eq!(mistakes[0].line, line, "{mistakes:?}");
        assert!(mistakes[0].message.contains(words), "{mistakes:?}");
    }
    let twice = read_rules(&format!("{RULE}{RULE}")).expect_err("the same name");
    assert_eq!((twice.len(), twice[0].line), (1, 12));
    assert!(read_rules("").expect_err("empty")[0].message.contains("[[rule]]"));
}

const BY_SIZE_AND_REGION: &str = r#"
[[rule]]
name = "by_size_and_region"
metric = "win_rate"
dimensions = ["acv_bucket", "region"]
comparison = "previous_period"
threshold = { points = 5 }
direction = "down"
"#;

/// Sizes and regions of 400 deals a quarter each, won half of; `down` of them win a fifth now.
fn found_where(down: &[(&str, &str)]) -> Vec<Verdict> {
    let mut rows = Vec::new();
    for size in ["Enterprise", "SMB"] {
        for region in ["EMEA", "APAC", "Americas"] {
            let now = if down.contains(&(size, region)) { (80, 320) } else { (200, 200) };
            let parts = [format!("acv_bucket={size}"), format!("region={region}")];
            let parts = Segment::parse(parts.iter().map(String::as_str)).expect("a segment");
            rows.push((parts, shares(now), shares((200, 200))));
        }
    }
    let mut found = evaluate(&one(BY_SIZE_AND_REGION), &look(&rows)).expect("evaluates");
    found.retain(|verdict| verdict.passed);
    found
}

#[test]
fn combinations_are_one_alert_for_each_cause() {
    let enterprise = [("Enterprise", "EMEA"), ("Enterprise", "APAC"), ("Enterprise", "Americas")];
    for (down, causes, explained) in [
        (&enterprise[..1], &["Enterprise × EMEA"][..], "region=EMEA, acv_bucket=Enterprise"),
        (&enterprise[..], &["Enterprise"][..], "acv_bucket=Enterprise × region=APAC"),
        (&[("Enterprise", "EMEA"), ("SMB", "EMEA")][..], &["EMEA"][..], "region=EMEA"),
        (
            &[("Enterprise", "EMEA"), ("SMB", "APAC")][..],
            &["Enterprise × EMEA", "SMB × APAC"][..],
            "acv_bucket=",
        ),
    ] {
        let found = found_where(down);
        let mut named: Vec<_> =
            found.iter().map(|verdict| verdict.finding.segment.value_label()).collect();
        named.sort();
        assert_eq!(named, causes, "{down:?}");
        let listed: Vec<_> =
            found.iter().filter_map(|verdict| verdict.finding.context.clone()).collect();
        assert!(listed.iter().any(|words| words.contains(explained)), "{down:?}: {listed:?}");
    }
    assert_eq!(found_where(&[]), []);
}
