"""Reference values for drivers that changed, case-mix, pooling and heterogeneity of crates/insight,
from scipy and statsmodels.

Usage: drivers_reference.py OUTPUT.json
"""

import json
import sys

import numpy as np
import statsmodels.api as sm
from scipy import optimize, stats
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
    return {
        "reps": rows,
        "heterogeneity": {
            "statistic": combined.q,
            "p_value": stats.chi2.sf(combined.q, len(rows) - 1),
            "mean": combined.mean_effect_fe,
            "variance": combined.tau2,
        },
    }


def pooling():
    generator = np.random.default_rng(23)
    rows = []
    for count, spread, size in [(8, 12.0, 60), (30, 40.0, 200), (5, 3.0, 400)]:
        deals = generator.integers(3, size, count)
        rates = generator.beta(0.45 * spread, 0.55 * spread, count)
        won = generator.binomial(deals, rates)

        def cost(parameters):
            mean, prior = 1 / (1 + np.exp(-parameters[0])), np.exp(parameters[1])
            law = stats.betabinom(deals, mean * prior, (1 - mean) * prior)
            return -law.logpmf(won).sum()

        best = optimize.minimize(
            cost, [0.0, 2.0], method="Nelder-Mead", options={"xatol": 1e-11, "fatol": 1e-13, "maxiter": 9000}
        )
        mean, prior = 1 / (1 + np.exp(-best.x[0])), float(np.exp(best.x[1]))
        first = stats.beta(won[0] + mean * prior, deals[0] - won[0] + (1 - mean) * prior)
        rows.append(
            {
                "shares": [{"won": int(w), "deals": int(d)} for w, d in zip(won, deals)],
                "log_likelihood": -best.fun,
                "mean": mean,
                "prior": prior,
                "first_rate": first.mean(),
                "first_low": first.ppf(0.025),
                "first_high": first.ppf(0.975),
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
