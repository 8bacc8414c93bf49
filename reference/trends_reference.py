"""Reference values for the trends of crates/insight: levels, change points and the year before.

The series have one change of level. Its place is found by trying every one, with the binomial
likelihood of scipy; the interval of its size is Newcombe's of statsmodels, at the deals that the
dispersion leaves. The year before is compared with Newcombe's interval and the pooled z-test.

Usage: trends_reference.py OUTPUT.json
"""

import json
import sys

import numpy as np
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

SHORTEST = 2
AS_LIKELY = stats.chi2.ppf(0.95, 1)
TRIMMED = 0.10
# Mean of a squared standard normal number below its 90% point.
CUT = stats.chi2.ppf(1 - TRIMMED, 1)
TRIMMED_MEAN = stats.chi2.cdf(CUT, 3) / (1 - TRIMMED)


def deviance(won, deals):
    """−2 log likelihood of counts at their common rate, without the binomial coefficients."""
    rate = won.sum() / deals.sum()
    coefficients = stats.binom.logpmf(won, deals, won / deals) - (
        np.where(won > 0, won * np.log(np.maximum(won / deals, 1e-300)), 0)
        + np.where(won < deals, (deals - won) * np.log(np.maximum(1 - won / deals, 1e-300)), 0)
    )
    return -2 * (stats.binom.logpmf(won, deals, rate) - coefficients).sum()


def dispersion(won, deals):
    rate = won.sum() / deals.sum()
    shares = won / deals
    squares = np.diff(shares) ** 2 / (rate * (1 - rate) * (1 / deals[1:] + 1 / deals[:-1]))
    kept = np.sort(squares)[: len(squares) - int(np.ceil(TRIMMED * len(squares)))]
    return max(1.0, kept.mean() / TRIMMED_MEAN)


def series(seed, periods, deals, change, before, after):
    random = np.random.default_rng(seed)
    closed = random.integers(deals // 2, deals * 2, periods)
    won = random.binomial(closed, np.where(np.arange(periods) < change, before, after))
    places = range(SHORTEST, periods - SHORTEST + 1)
    costs = {at: deviance(won[:at], closed[:at]) + deviance(won[at:], closed[at:]) for at in places}
    best = min(costs, key=costs.get)
    over = dispersion(won, closed)
    everywhere = range(1, periods)
    all_costs = {at: deviance(won[:at], closed[:at]) + deviance(won[at:], closed[at:]) for at in everywhere}
    likely = [at for at in everywhere if all_costs[at] - costs[best] <= AS_LIKELY * over]
    low, high = confint_proportions_2indep(
        won[best:].sum() / over,
        closed[best:].sum() / over,
        won[:best].sum() / over,
        closed[:best].sum() / over,
        compare="diff",
        method="newcomb",
    )
    return {
        "won": won.tolist(),
        "deals": closed.tolist(),
        "dispersion": over,
        "change_at": best,
        "between": [min(likely), max(likely)],
        "before": won[:best].sum() / closed[:best].sum(),
        "after": won[best:].sum() / closed[best:].sum(),
        "interval": [low, high],
    }


def quarters(won, deals):
    """The last three months against the same three a year before."""
    now, then = slice(-3, None), slice(-15, -12)
    won, deals = np.array(won), np.array(deals)
    counts = [won[now].sum(), won[then].sum()]
    totals = [deals[now].sum(), deals[then].sum()]
    low, high = confint_proportions_2indep(
        counts[0], totals[0], counts[1], totals[1], compare="diff", method="newcomb"
    )
    return {
        "change": counts[0] / totals[0] - counts[1] / totals[1],
        "low": low,
        "high": high,
        "p_value": proportions_ztest(counts, totals)[1],
    }


def main():
    cases = [
        series(1, 36, 300, 20, 0.50, 0.43),
        series(2, 24, 900, 9, 0.30, 0.34),
        series(3, 36, 150, 24, 0.45, 0.57),
        series(4, 48, 2_000, 12, 0.62, 0.59),
    ]
    for case in cases:
        case["year_over_year"] = quarters(case["won"], case["deals"])
    with open(sys.argv[1], "w") as file:
        json.dump(cases, file, indent=1, default=float)
        file.write("\n")


main()
