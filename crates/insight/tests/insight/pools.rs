//! Pooled win rates: what few deals may say beside their siblings, and how often the intervals hold.

use winsight_insight::{Pool, Share};

use crate::estimates::{Company, pools};

const fn share(won: u64, deals: u64) -> Share {
    Share { won, deals }
}

#[test]
fn few_deals_neither_top_nor_bottom_a_list() {
    let siblings: Vec<Share> = (0..20)
        .map(|place| share(300 + 12 * place, 1_000))
        .chain([share(6, 6), share(0, 6)])
        .collect();
    let pool = Pool::of(&siblings).expect("siblings");
    let rates: Vec<f64> = siblings.iter().map(|&share| pool.rate(share).rate).collect();
    let (lucky, unlucky) = (rates[20], rates[21]);
    assert!(rates[..20].iter().any(|&rate| rate > lucky), "six of six is not the best: {lucky}");
    assert!(rates[..20].iter().any(|&rate| rate < unlucky), "none of six is not the worst");
}

#[test]
fn segments_that_are_alike_have_nearly_one_rate_with_nearly_its_interval() {
    let pool = Pool::of(&[share(45, 100); 12]).expect("siblings");
    assert!((pool.rate(share(9, 10)).rate - 0.45).abs() < 0.03, "{:?}", pool.rate(share(9, 10)));
    let interval = pool.rate(share(45, 100)).interval;
    // Twelve hundred deals of one rate have 0.42 to 0.48, a hundred by themselves 0.36 to 0.55.
    assert!(interval.low > 0.38 && interval.low < 0.42, "{interval:?}");
    assert!(interval.high > 0.48 && interval.high < 0.52, "{interval:?}");
}

#[test]
fn every_pool_has_rates_in_order_and_intervals_about_them() {
    let thousand: Vec<Share> = (0..1_000).map(|place| share(place % 40, 40 + place)).collect();
    let pools = [
        vec![share(0, 9), share(0, 30)],
        vec![share(9, 9), share(30, 30)],
        vec![share(1, 1), share(0, 1)],
        vec![share(0, 1); 500],
        vec![share(0, 200); 500],
        vec![share(2, 9), share(450_000_000, 1_000_000_000), share(11, 20)],
        vec![share(5_000, 10_000); 50],
        vec![share(1_000_000, 10_000_000), share(9_000_000, 10_000_000)],
        thousand,
    ];
    for siblings in pools {
        let pool = Pool::of(&siblings).expect("siblings");
        let found = |share| {
            let found = pool.rate(share);
            let (rate, interval) = (found.rate, found.interval);
            assert!(rate > 0.0 && rate < 1.0 && interval.contains(rate), "{share:?}: {found:?}");
            assert!(interval.low >= 0.0 && interval.high <= 1.0, "{share:?}: {found:?}");
            rate
        };
        assert!(found(share(0, 6)) < found(share(0, 0)) && found(share(0, 0)) < found(share(6, 6)));
        for &share in &siblings {
            found(share);
        }
    }
}

#[test]
fn one_segment_is_no_pool() {
    assert_eq!(Pool::of(&[]), None);
    assert_eq!(Pool::of(&[share(4, 9)]), None);
    assert_eq!(Pool::of(&[share(4, 9), share(0, 0)]), None);
}

#[test]
fn intervals_hold_the_rates_whatever_the_spread() {
    for (segments, trials) in [(2, 1_500), (20, 150), (200, 12)] {
        for worth in [Some(5.0), Some(20.0), Some(80.0), None] {
            let held = pools(&Company { segments, deals: 5..60, worth }, trials, 55);
            for (held, size) in held.into_iter().zip(["smaller", "larger"]) {
                let share = held.share();
                assert!(share > 0.93, "{size} of {segments} segments worth {worth:?}: {share}");
            }
        }
    }
}

/// The likelihood has a top at no spread and a higher one at much.
#[test]
fn two_large_segments_that_agree_do_not_outvote_many_small_ones_that_do_not() {
    let large = Share { won: 500_000, deals: 1_000_000 };
    let small = |won| Share { won, deals: 3 };
    let mut shares = vec![large; 2];
    shares.extend((0..200).map(|number| small(3 * (number % 2))));
    let pool = Pool::of(&shares).expect("siblings");
    assert!(pool.rate(small(3)).rate > 0.75, "{:?}", pool.rate(small(3)));
    assert!(pool.rate(small(0)).rate < 0.25, "{:?}", pool.rate(small(0)));
    assert!((pool.rate(large).rate - 0.5).abs() < 1e-3, "{:?}", pool.rate(large));
}
