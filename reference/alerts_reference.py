"""Reference values for the tests that alerts rest on, from scipy.

Usage: alerts_reference.py OUTPUT.json
"""

import itertools
import json
import sys

from scipy import stats

# Current, baseline and last year's season as [won, deals]; the season is part of the baseline.
SEGMENTS = [
    ([11, 50], [90, 200], [24, 52]),
    ([2, 14], [54, 60], [13, 15]),
    ([45, 150], [270, 600], [66, 150]),
    ([45, 150], [270, 600], [38, 150]),
    ([130, 400], [720, 1600], [185, 410]),
    ([70, 201], [720, 1600], [150, 410]),
    ([250, 800], [1440, 3200], [350, 800]),
    ([8_200, 20_000], [35_000, 80_000], [8_900, 20_000]),
    ([23, 50], [90, 200], [24, 52]),
]
RESTS = [
    ([520, 1150], [2070, 4600], [520, 1150]),
    ([440, 1150], [2070, 4600], [420, 1150]),
    ([150, 400], [720, 1600], [190, 400]),
    ([640, 1150], [2070, 4600], None),
]
COURSES = [(91, 91, 365), (45, 91, 365), (20, 92, 120)]
SHARES = [([2, 30], 0.35), ([10, 60], 0.35), ([40, 150], 0.35), ([700, 2400], 0.33), ([0, 9], 0.2)]


def anytime(z, fraction):
    """Twice the chance that a Brownian motion ends above the level that it is at today."""
    level = z * min(fraction, 1.0) ** 0.5
    return 2 * stats.norm.sf(level) if level > 0 else 1.0


def mid_p(distribution, won):
    return distribution.cdf(won - 1) + distribution.pmf(won) / 2


def fisher(current, baseline):
    won, deals = current[0] + baseline[0], current[1] + baseline[1]
    return mid_p(stats.hypergeom(deals, won, current[1]), current[0])


def comparison(current, baseline):
    """Difference of two rates, its variance, and the variance of one deal."""
    rate = (current[0] + baseline[0]) / (current[1] + baseline[1])
    unit = rate * (1 - rate)
    change = current[0] / current[1] - baseline[0] / baseline[1]
    return change, unit * (1 / current[1] + 1 / baseline[1]), unit


def of_season(baseline, season):
    others = [all_deals - part for all_deals, part in zip(baseline, season)]
    return comparison(season, others)


def market(current, rest):
    change, variance, _ = comparison(rest[0], rest[1])
    squared = max(change**2 - variance, 0.02**2)
    part = current[1] / (current[1] + rest[0][1])
    weight = max(squared / (squared + variance), part)
    return weight * change, weight * variance


def seasonal(segment, rest):
    if rest[2] is None:
        return 0.0, 0.0
    own, others = of_season(segment[1], segment[2]), of_season(rest[1], rest[2])
    change, variance = own[0] - others[0], own[1] + others[1]
    if change >= 0:
        return 0.0, 0.0
    weight = 0.75 * max(1 - 2 * variance / change**2, 0)
    return weight * change, weight**2 * variance


def drop(segment, rest, course):
    elapsed, days, baseline_days = course
    current, baseline, _ = segment
    change, variance, unit = comparison(current, baseline)
    by_market, market_variance = market(current, rest)
    by_season, season_variance = seasonal(segment, rest)
    shift, added = by_market + by_season, market_variance + season_variance
    deals_at_end = current[1] + (days - elapsed) * baseline[1] / baseline_days
    at_end = unit * (1 / deals_at_end + 1 / baseline[1])
    p_value = 1.0
    # A statistic of less than one standard error is no evidence.
    if (shift - change) / (variance + added) ** 0.5 >= 1:
        exact = stats.norm.isf(fisher(current, baseline))
        statistic = (exact * variance**0.5 + shift) / (variance + added) ** 0.5
        p_value = anytime(statistic, (at_end + added) / (variance + added))
    return {
        "segment": segment,
        "rest": rest,
        "course": course,
        "p_value": p_value,
        "market": by_market,
        "season": by_season,
    }


def drops():
    with_rest = [(segment, rest) for segment in SEGMENTS for rest in RESTS]
    courses = itertools.cycle(COURSES)
    return [drop(segment, rest, course) for (segment, rest), course in zip(with_rest, courses)]


def below_rates():
    rows = []
    for share, rate in SHARES:
        for deals_at_end in [share[1], 1.5 * share[1], 4.0 * share[1]]:
            z = stats.norm.isf(mid_p(stats.binom(share[1], rate), share[0]))
            p_value = anytime(z, share[1] / deals_at_end)
            rows.append(
                {"share": share, "rate": rate, "deals_at_end": deals_at_end, "p_value": p_value}
            )
    return rows


def anytimes():
    points = [(z, fraction) for z in [-1.0, 0.5, 2.0, 3.5, 6.0] for fraction in [0.05, 0.4, 1.0, 1.2]]
    return [{"z": z, "fraction": fraction, "p_value": anytime(z, fraction)} for z, fraction in points]


def main():
    values = {"anytime": anytimes(), "below_rate": below_rates(), "drops": drops()}
    with open(sys.argv[1], "w", encoding="utf-8") as output:
        json.dump(values, output, indent=1)
        output.write("\n")


if __name__ == "__main__":
    main()
