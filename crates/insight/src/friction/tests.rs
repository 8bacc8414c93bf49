use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use winsight_model::{Outcome, Tally};

use super::{deal_friction_interval, dfi_change_p_value};

/// Deals whose cycle lengths are spread like those of a real file: skewed, 1 to some 200 days.
fn deals(random: &mut Pcg64Mcg, count: u64, slowdown: f64) -> Tally {
    let mut tally = Tally::default();
    for _ in 0..count {
        let length = -(1.0 - random.random::<f64>()).ln() * 50.0 + 1.0;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some days")]
        tally.add(Outcome::Won, None, Some(length as u32));
        let length = (-(1.0 - random.random::<f64>()).ln() * 50.0 + 1.0) * slowdown;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some days")]
        tally.add(Outcome::Lost, None, Some(length as u32));
    }
    tally
}

/// The far tail too: that is where a rep among many is judged at one look among many.
#[test]
fn a_change_of_friction_is_seldom_seen_where_there_is_none() {
    let mut random = Pcg64Mcg::seed_from_u64(2);
    for (count, trials) in [(20, 5_000), (60, 300)] {
        let p_values: Vec<f64> = (0..trials)
            .map(|_| {
                let current = deals(&mut random, count, 1.3);
                dfi_change_p_value(&current, &deals(&mut random, count, 1.3))
            })
            .collect();
        for level in [0.05, 0.01, 0.001] {
            let seen = p_values.iter().filter(|&&p_value| p_value < level).count();
            let expected = level * f64::from(trials);
            let bound = expected + 3.0 * expected.sqrt();
            assert!(seen as f64 <= bound, "{seen} of {trials} pairs of {count} deals at {level}");
        }
        let noticed = p_values.iter().filter(|&&p_value| p_value < 0.2).count();
        assert!(noticed as f64 > 0.05 * f64::from(trials), "{noticed}: the test is not blind");
    }
}

#[test]
fn a_large_change_of_friction_is_seen() {
    let mut random = Pcg64Mcg::seed_from_u64(3);
    let seen = (0..50)
        .filter(|_| {
            let (current, baseline) = (deals(&mut random, 200, 2.5), deals(&mut random, 200, 1.0));
            dfi_change_p_value(&current, &baseline) < 0.01
        })
        .count();
    assert!(seen >= 45, "{seen} of 50 seen");
    let empty = Tally::default();
    assert!((dfi_change_p_value(&empty, &empty) - 1.0).abs() < f64::EPSILON);
}

/// With many deals and short cycles, most of them share a day with the median. The variance of a
/// median is 1 / (4 n f²), f being the density there (Mosteller, On some useful "inefficient"
/// statistics, 1946).
#[test]
fn the_interval_of_many_deals_of_few_days_is_as_wide_as_the_density_says() {
    for (total, mean_days) in
        [(20_000.0, 3.0), (20_000.0, 10.0), (1e6, 3.0), (1e6, 10.0), (1e7, 45.0)]
    {
        let mut tally = Tally::default();
        let mut seen = 0.0;
        let (mut median, mut density) = (0.0, 0.0);
        for day in 1..1_500_u32 {
            let share =
                ((0.5 - f64::from(day)) / mean_days).exp() * (1.0 - (-1.0 / mean_days).exp());
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "some deals"
            )]
            let deals = (share * total) as u64;
            tally.won.cycle_days.add(day, deals);
            tally.lost.cycle_days.add(day, deals);
            let next = seen + deals as f64 / total;
            if seen < 0.5 && next >= 0.5 {
                density = next - seen;
                median = f64::from(day) - 0.5 + (0.5 - seen) / density;
            }
            seen = next;
        }
        let interval = deal_friction_interval(&tally).expect("an interval");
        let width = (interval.high / interval.low).ln();
        let expected = 2.0 * 1.96 * (2.0_f64).sqrt() / (2.0 * total.sqrt() * density * median);
        let ratio = width / expected;
        assert!((0.85..1.15).contains(&ratio), "{total} deals, {mean_days} days: {ratio}");
    }
}
