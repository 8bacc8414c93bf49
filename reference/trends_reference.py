"""Reference values for the trends of crates/insight: levels, change points, the year before, season
and projections.

The series have one change of level. Its place is found by trying every one, with the binomial
likelihood of scipy; the interval of its size is Newcombe's of statsmodels, at the deals that the
dispersion leaves. The year before is compared with Newcombe's interval and the pooled z-test. Levels and
season together are statsmodels' weighted least squares, projections what scipy and numpy make of the
definition.

Usage: trends_reference.py OUTPUT.json
"""

import json
import sys

import numpy as np
import statsmodels.api as sm
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


def separated(won, deals, starts, months):
    """Levels between known starts and effects of the twelve months, by weighted least squares."""
    edges = [0, *starts, len(won)]
    levels = np.zeros((len(won), len(edges) - 1))
    for column, (start, end) in enumerate(zip(edges[:-1], edges[1:])):
        levels[start:end, column] = 1
    effects = np.eye(12)[months][:, 1:]
    fit = sm.WLS(won / deals, np.hstack([levels, effects]), weights=deals).fit()
    effects = np.concatenate([[0], fit.params[levels.shape[1] :]])
    weights = np.bincount(months, deals, 12)
    return effects - (effects * weights).sum() / weights.sum()


def seasonal(seed, periods, deals, change, before, after):
    """A series with a season and one change of level; months count from January."""
    random = np.random.default_rng(seed)
    months = np.arange(periods) % 12
    season = np.select([months >= 10, (months == 6) | (months == 7)], [0.10, -0.10])
    closed = random.integers(deals // 2, deals * 2, periods)
    won = random.binomial(closed, np.where(np.arange(periods) < change, before, after) + season)

    def cost_of(at):
        effects = separated(won, closed, [at], months)
        adjusted = np.clip(won - closed * effects[months], 0, closed)
        log_likelihood = lambda part: binomial(adjusted[part], closed[part])
        return -2 * (log_likelihood(slice(at)) + log_likelihood(slice(at, None)))

    best = min(range(SHORTEST, periods - SHORTEST + 1), key=cost_of)
    effects = separated(won, closed, [best], months)
    adjusted = np.clip(won - closed * effects[months], 0, closed)
    over = dispersion(adjusted, closed)
    parts = [slice(best), slice(best, None)]
    levels = [adjusted[part].sum() / closed[part].sum() for part in parts]
    rates = np.concatenate([np.full(best, levels[0]), np.full(periods - best, levels[1])])
    with_season = stats.binom.logpmf(won, closed, rates + effects[months]).sum()
    alone = sum(
        stats.binom.logpmf(won[part], closed[part], won[part].sum() / closed[part].sum()).sum()
        for part in parts
    )
    return {
        "won": won.tolist(),
        "deals": closed.tolist(),
        "effects": effects.tolist(),
        "change_at": best,
        "before": levels[0],
        "after": levels[1],
        "dispersion": over,
        "statistic": 2 * (with_season - alone) / over,
        "p_value": stats.chi2.sf(2 * (with_season - alone) / over, 11),
    }


def binomial(won, deals):
    """Log likelihood of counts, which need not be whole, at their common rate."""
    rate = won.sum() / deals.sum()
    return (won * np.log(rate) + (deals - won) * np.log(1 - rate)).sum()


AHEAD, FEWEST, RECENT, LINE = 3, 6, 6, 12


def width(misses, step, origin, floor):
    """Half a 95% interval in standard errors, from the misses of origins before this one."""
    largest = floor
    for nearer in range(step + 1):
        known = [error for target, error in misses[nearer] if target < origin]
        if len(known) < FEWEST:
            return None
        largest = max(largest, np.sqrt(np.mean(np.square(known))))
        freedom = max(len(known) / (nearer + 1), 2)
    return largest * stats.t.ppf(0.975, freedom)


def backtested(periods, first, floor, forecast, seen):
    """Misses of earlier projections, and how many intervals made from them held what came."""
    misses, inside, of = [[] for _ in range(AHEAD)], 0, 0
    for origin in range(first, periods):
        for step in range(min(AHEAD, periods - origin)):
            made, error = forecast(origin, step)
            miss = (seen[origin + step] - made) / error
            half = width(misses, step, origin, floor)
            if half is not None:
                of += 1
                inside += int(abs(miss) <= half)
            misses[step].append((origin + step, miss))
    return misses, [inside, of]


def steady(seed, periods, deals, size):
    """A series with one level, in no beginning of which another is found: what is to come of it."""
    random = np.random.default_rng(seed)
    closed = random.integers(deals * 9 // 10, deals * 11 // 10, periods)
    won = random.binomial(closed, 0.45)
    cents = won * np.round(size(np.arange(periods)) * random.uniform(90, 110, periods)).astype(int)

    def win_rate(origin, _step):
        rate = won[:origin].sum() / closed[:origin].sum()
        recent = closed[max(0, origin - RECENT) : origin].mean()
        error = np.sqrt(rate * (1 - rate) * (1 / closed[:origin].sum() + 1 / recent))
        return rate, error

    misses, backtest = backtested(periods, FEWEST, 1.0, win_rate, won / closed)
    rates = []
    for step in range(AHEAD):
        rate, error = win_rate(periods, step)
        half = width(misses, step, periods, 1.0) * error
        rates.append([rate, max(rate - half, 0), min(rate + half, 1)])

    roots = np.sqrt(cents)

    def recent_mean(origin, _step):
        return roots[max(0, origin - RECENT) : origin].mean(), 1.0

    def line(origin, step):
        known = roots[max(0, origin - LINE) : origin]
        slope, start = np.polyfit(np.arange(len(known)), known, 1)
        return max(start + slope * (len(known) + step), 0), 1.0

    def year_before(origin, step):
        growth = roots[origin - 12 : origin].sum() / roots[origin - 24 : origin - 12].sum()
        return roots[origin + step - 12] * growth, 1.0

    # Each with the first origin at which it can be made, and only where six origins are left.
    methods = {"recent mean": (recent_mean, 4), "line": (line, 6), "year before": (year_before, 24)}
    methods = {name: of for name, of in methods.items() if periods - of[1] >= FEWEST}
    common = max(first for _, first in methods.values())

    def mean_miss(name):
        squares = [
            (roots[origin + step] - methods[name][0](origin, step)[0]) ** 2
            for origin in range(common, periods)
            for step in range(min(AHEAD, periods - origin))
        ]
        return np.mean(squares)

    name = min(methods, key=mean_miss)
    forecast, first = methods[name]
    misses, amounts_backtest = backtested(periods, first, 0.0, forecast, roots)
    bookings = []
    for step in range(AHEAD):
        made, half = forecast(periods, step)[0], width(misses, step, periods, 0.0)
        bookings.append([max(root, 0) ** 2 for root in (made, made - half, made + half)])
    return {
        "won": won.tolist(),
        "deals": closed.tolist(),
        "cents": cents.tolist(),
        "win_rates": rates,
        "win_rate_backtest": backtest,
        "bookings": bookings,
        "bookings_method": name,
        "bookings_backtest": amounts_backtest,
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
    values = {
        "changes": cases,
        "seasons": [
            seasonal(5, 48, 900, 30, 0.50, 0.40),
            seasonal(6, 60, 400, 18, 0.40, 0.52),
        ],
        "projections": [
            steady(8, 29, 150, lambda _: 10_000),
            steady(11, 40, 150, lambda place: 10_000 * (1 + place / 12)),
            steady(8, 48, 600, lambda place: 10_000 * np.where(place % 12 >= 10, 1.6, 1.0)),
        ],
    }
    with open(sys.argv[1], "w") as file:
        json.dump(values, file, indent=None, separators=(",", ":"), default=float)
        file.write("\n")


main()
