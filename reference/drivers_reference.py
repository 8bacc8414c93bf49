"""Reference values for drivers that changed, case-mix, pooling and heterogeneity of crates/insight,
from scipy and statsmodels.

Usage: drivers_reference.py OUTPUT.json
"""

import json
import sys

import numpy as np
import statsmodels.api as sm
from scipy import integrate, optimize, special, stats
from statsmodels.stats.meta_analysis import combine_effects

REGIONS = {"Europe": 0.0, "North America": 0.25, "India": -0.4}
SOURCES = {"Inbound": 0.0, "Outbound": -0.8, "Partner": 0.1}
REPS = {"Ann": 0.0, "Bo": 0.6, "Cy": -0.1, "Di": 0.2, "Ed": -0.5}


def draw(generator, size, outbound):
    cells = []
    for region, at_region in REGIONS.items():
        for source, at_source in SOURCES.items():
            shift = outbound if source == "Outbound" else 0.0
            for rep, at_rep in REPS.items():
                deals = int(generator.integers(10, size)) // (2 if source == "Outbound" else 1)
                chance = 1 / (1 + np.exp(-(-0.2 + at_region + at_source + at_rep + shift)))
                won = int(generator.binomial(deals, chance))
                cells.append(
                    {
                        "values": [region, source, rep],
                        "won": won,
                        "lost": deals - won,
                        "won_cents": int(won * generator.integers(200_000, 900_000)),
                        "lost_cents": int((deals - won) * generator.integers(200_000, 900_000)),
                    }
                )
    return cells


def references(cells):
    """The largest level of every dimension."""
    largest = []
    for position in range(3):
        sizes = {}
        for cell in cells:
            value = cell["values"][position]
            sizes[value] = sizes.get(value, 0) + cell["won"] + cell["lost"]
        largest.append(max(sizes, key=sizes.get))
    return largest


def fit(cells, columns):
    outcomes = np.array([[cell["won"], cell["lost"]] for cell in cells])
    design = np.column_stack([np.ones(len(cells))] + columns)
    return sm.GLM(outcomes, design, family=sm.families.Binomial()).fit(tol=1e-14, maxiter=200)


def indicators(cells, position, reference):
    values = sorted({cell["values"][position] for cell in cells} - {reference})
    return [(value, [float(cell["values"][position] == value) for cell in cells]) for value in values]


def scores(cells):
    """The parts of the Win Rate Driver Score of every level, from the coefficients of one fit."""
    largest = references(cells)
    names, columns = [], []
    for position, reference in enumerate(largest):
        for value, column in indicators(cells, position, reference):
            names.append((position, value))
            columns.append(column)
    full = fit(cells, columns)
    deals = np.array([cell["won"] + cell["lost"] for cell in cells])
    cents = np.array([cell["won_cents"] + cell["lost_cents"] for cell in cells])
    rows = []
    for index, ((position, value), column) in enumerate(zip(names, columns), start=1):
        column = np.array(column)
        deviation = np.sqrt(np.average((column - np.average(column, weights=deals)) ** 2, weights=deals))
        rows.append(
            {
                "position": position,
                "value": value,
                "standardised": full.params[index] * deviation,
                "exposure": (cents * column).sum() / cents.sum(),
            }
        )
    return rows


def changes(current, baseline):
    """Interactions with the window: likelihood-ratio tests and coefficients."""
    cells = current + baseline
    now = np.array([1.0] * len(current) + [0.0] * len(baseline))
    largest = references(current)
    names, main, moving = [], [], []
    for position, reference in enumerate(largest):
        for value, column in indicators(cells, position, reference):
            names.append((position, value))
            main.append(np.array(column))
            moving.append(np.array(column) * now)
    full = fit(cells, main + [now] + moving)
    tests = []
    for position in range(3):
        kept = [column for name, column in zip(names, moving) if name[0] != position]
        reduced = fit(cells, main + [now] + kept)
        statistic, freedom = 2 * (full.llf - reduced.llf), len(moving) - len(kept)
        tests.append(
            {
                "statistic": statistic,
                "degrees_of_freedom": freedom,
                "p_value": stats.chi2.sf(statistic, freedom),
            }
        )
    first = 1 + len(main) + 1
    levels = [
        {
            "position": position,
            "value": value,
            "coefficient": full.params[first + index],
            "standard_error": full.bse[first + index],
            "p_value": full.pvalues[first + index],
        }
        for index, (position, value) in enumerate(names)
    ]
    return {"tests": tests, "levels": levels}


def case_mix(cells):
    """Expected wins of each rep from a fit without reps, and the variance of their number."""
    largest = references(cells)
    columns = [
        column
        for position in (0, 1)
        for _, column in indicators(cells, position, largest[position])
    ]
    chances = fit(cells, columns).fittedvalues
    rows = []
    for rep in sorted(REPS):
        mine = [index for index, cell in enumerate(cells) if cell["values"][2] == rep]
        deals = np.array([cells[index]["won"] + cells[index]["lost"] for index in mine])
        chance = chances[mine]
        won = sum(cells[index]["won"] for index in mine)
        rows.append(
            {
                "rep": rep,
                "won": won,
                "deals": int(deals.sum()),
                "expected": float((deals * chance).sum()),
                "variance": float((deals * chance * (1 - chance)).sum()),
            }
        )
    effects = np.array([row["won"] / row["expected"] - 1 for row in rows])
    variances = np.array([row["variance"] / row["expected"] ** 2 for row in rows])
    combined = combine_effects(effects, variances, method_re="chi2")
    win_rate = sum(row["won"] for row in rows) / sum(row["deals"] for row in rows)
    most = (1 - win_rate) / (3 * win_rate)
    for row, mean, error in zip(rows, *shrunken(effects, variances, most)):
        row["shrunken"], row["error_of_shrunken"] = mean, error
    return {
        "reps": rows,
        "heterogeneity": {
            "statistic": combined.q,
            "p_value": stats.chi2.sf(combined.q, len(rows) - 1),
            "mean": combined.mean_effect_fe,
            "variance": combined.tau2,
        },
    }


def shrunken(effects, variances, most):
    """Means and standard deviations of normal effects about 0 under a prior flat in the variance
    between them, up to `most`."""

    def moments(between):
        weight = stats.norm.pdf(effects, scale=np.sqrt(between + variances)).prod()
        kept = between / (between + variances)
        means = kept * effects
        return weight * np.concatenate([[1.0], means, kept * variances + means**2])

    points = [most / 1000, most / 100, most / 10]
    total, _ = integrate.quad_vec(moments, 0, most, epsabs=0, epsrel=1e-11, points=points)
    means, squares = np.split(total[1:] / total[0], 2)
    return means, np.sqrt(squares - means**2)


def posterior(won, deals, asked):
    """Mean and variance of the rates `asked` for, (won, deals) each, under the hierarchical
    beta-binomial model, by adaptive quadrature. The prior is flat in the mean and in the correlation
    1 / (a + b + 1) up to a third."""
    # Products term by term: gamma functions lose all digits where the prior is worth many deals.
    def more_than(counts):
        return np.array([(counts > step).sum() for step in range(max(counts))])

    wins, losses, all_deals = more_than(won), more_than(deals - won), more_than(deals)

    def log_density(mean, correlation):
        step = correlation / (1 - correlation)

        def log_rising(start, numbers):
            return (numbers * np.log(start + step * np.arange(len(numbers)))).sum()

        return log_rising(mean, wins) + log_rising(1 - mean, losses) - log_rising(1.0, all_deals)

    def cost(parameters):
        mean, correlation = special.expit(parameters)
        return -log_density(mean, correlation)

    starts = [optimize.minimize(cost, [0.0, start], method="Nelder-Mead") for start in (-2.0, -5.0, -9.0)]
    best = min(starts, key=lambda found: found.fun)
    top = -best.fun

    def moments(mean, correlation):
        worth = 1 / correlation - 1
        weight = np.exp(log_density(mean, correlation) - top)
        rates = np.array([(w + mean * worth) / (d + worth) for w, d in asked])
        sizes = np.array([d + worth for _, d in asked])
        squares = rates * (rates * sizes + 1) / (sizes + 1)
        return weight * np.concatenate([[1.0], rates, squares])

    # Over the logit of the mean and the logarithm of the correlation, where the peaks are broad.
    def inner(log_correlation):
        correlation = np.exp(log_correlation)

        def at(logit):
            mean = special.expit(logit)
            return moments(mean, correlation) * mean * (1 - mean)

        # Where nothing was won the likeliest mean is none.
        centre = np.clip(best.x[0], -6.0, 6.0)
        points = [centre + step for step in (-1.0, -0.1, 0.0, 0.1, 1.0)]
        found, _ = integrate.quad_vec(at, -36, 36, epsabs=1e-13, epsrel=1e-9, points=points, limit=300)
        return found * correlation

    middle, most = np.log(special.expit(best.x[1])), np.log(1 / 3)
    points = [middle + step for step in (-2, -0.3, 0, 0.3, 2) if middle + step < most]
    total, _ = integrate.quad_vec(inner, -30, most, epsabs=1e-11, epsrel=1e-8, points=points, limit=300)
    rates, squares = np.split(total[1:] / total[0], 2)
    return rates, squares - rates**2


def pooling():
    generator = np.random.default_rng(23)
    pools = []
    for count, spread, size in [(8, 12.0, 60), (30, 40.0, 200), (5, 3.0, 400)]:
        deals = generator.integers(3, size, count)
        rates = generator.beta(0.45 * spread, 0.55 * spread, count)
        pools.append((generator.binomial(deals, rates), deals))
    pools.append(([4, 9], [10, 14]))
    pools.append(([40, 100, 170], [100, 200, 300]))
    pools.append(([45, 40, 30, 9], [100, 90, 66, 20]))
    pools.append(([2, 1_800, 5, 11], [9, 4_000, 9, 20]))
    pools.append(([0, 0, 0], [9, 30, 4]))
    rows = []
    for won, deals in pools:
        won, deals = np.array(won), np.array(deals)
        # Those of the pool, and one that has no deals yet.
        asked = [(int(w), int(d)) for w, d in zip(won, deals)][:4] + [(0, 0)]
        means, variances = posterior(won, deals, asked)
        found = []
        for (w, d), mean, variance in zip(asked, means, variances):
            worth = mean * (1 - mean) / variance - 1
            law = stats.beta(mean * worth, (1 - mean) * worth)
            found.append(
                {
                    "share": {"won": w, "deals": d},
                    "rate": mean,
                    "low": law.ppf(0.025),
                    "high": law.ppf(0.975),
                }
            )
        rows.append(
            {
                "shares": [{"won": int(w), "deals": int(d)} for w, d in zip(won, deals)],
                "rates": found,
            }
        )
    return rows


def main():
    generator = np.random.default_rng(17)
    current, baseline = draw(generator, 160, -0.6), draw(generator, 120, 0.0)
    values = {
        "current": current,
        "baseline": baseline,
        "references": references(current),
        "scores": scores(current),
        "changes": changes(current, baseline),
        "case_mix": case_mix(current),
        "pooling": pooling(),
    }
    with open(sys.argv[1], "w", encoding="utf-8") as output:
        json.dump(values, output, indent=1)
        output.write("\n")


if __name__ == "__main__":
    main()
