"""Reference values for the statistics of crates/insight, from scipy and statsmodels.

Usage: statistics_reference.py OUTPUT.json
"""

import json
import sys

import numpy as np
import statsmodels.api as sm
from scipy import optimize, stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import (
    confint_proportions_2indep,
    proportion_confint,
    proportions_ztest,
)

PAIRS = [
    ((0, 10), (3, 12)),
    ((10, 10), (9, 11)),
    ((42, 100), (58, 100)),
    ((88, 210), (133, 230)),
    ((555, 1239), (1708, 3761)),
    ((1, 4000), (9, 3500)),
    ((310_000, 1_000_000), (312_500, 1_000_000)),
]


def wilson():
    counts = [(0, 1), (1, 1), (0, 10), (10, 10), (3, 17), (2263, 5000), (4238, 6711), (7, 10_000_000)]
    rows = []
    for won, deals in counts:
        low, high = proportion_confint(won, deals, alpha=0.05, method="wilson")
        rows.append({"won": won, "deals": deals, "low": low, "high": high})
    return rows


def differences():
    rows = []
    for current, baseline in PAIRS:
        low, high = confint_proportions_2indep(*current, *baseline, compare="diff", method="newcomb")
        _, p_value = proportions_ztest([current[0], baseline[0]], [current[1], baseline[1]])
        rows.append(
            {"current": current, "baseline": baseline, "low": low, "high": high, "p_value": p_value}
        )
    return rows


def below():
    rows = []
    for won, deals, threshold in [(28, 100, 0.35), (35, 100, 0.35), (2, 11, 0.35), (560, 2000, 0.3)]:
        _, p_value = proportions_ztest(
            won, deals, value=threshold, alternative="smaller", prop_var=threshold
        )
        rows.append({"won": won, "deals": deals, "threshold": threshold, "p_value": p_value})
    return rows


def detectable():
    """The drop at which the pooled z-test has 80% power, solved by Brent's method."""
    rows = []
    for now, then, rate, level in [
        (200, 220, 0.45, 0.05),
        (700, 650, 0.45, 0.05 / 13),
        (5000, 5000, 0.6, 0.001),
        (60, 500, 0.9, 0.05 / 13 / 40),
    ]:

        def shortfall(drop):
            lower = rate - drop
            pooled = (now * lower + then * rate) / (now + then)
            null = np.sqrt(pooled * (1 - pooled) * (1 / now + 1 / then))
            alternative = np.sqrt(lower * (1 - lower) / now + rate * (1 - rate) / then)
            critical = stats.norm.isf(level / 2) * null
            return stats.norm.sf(critical, loc=drop, scale=alternative) - 0.8

        drop = optimize.brentq(shortfall, 1e-6, rate - 1e-9, xtol=1e-14)
        rows.append({"current": now, "baseline": then, "rate": rate, "level": level, "drop": drop})
    return rows


def multiplicity():
    generator = np.random.default_rng(11)
    rows = []
    for size, signals in [(1, 0), (1, 1), (5, 2), (44, 0), (44, 6), (200, 40)]:
        p_values = generator.uniform(size=size)
        p_values[:signals] **= 6
        for level in [0.05, 0.2]:
            rejected = multipletests(p_values, alpha=level, method="fdr_bh")[0]
            rows.append({"p_values": p_values.tolist(), "level": level, "rejected": rejected.tolist()})
    return rows


DIMENSIONS = {
    "region": (["Europe", "North America", "India"], [0.0, 0.25, -0.4]),
    "lead_source": (["Inbound", "Outbound", "Partner", "Referral"], [0.0, -0.8, 0.1, 0.5]),
    "deal_type": (["New", "Expansion"], [0.0, 0.0]),
}


def logistic():
    """Grouped counts drawn from a known model, and the fit of statsmodels' binomial GLM."""
    generator = np.random.default_rng(7)
    cells = []
    for region, at_region in zip(*DIMENSIONS["region"]):
        for source, at_source in zip(*DIMENSIONS["lead_source"]):
            for kind, at_kind in zip(*DIMENSIONS["deal_type"]):
                deals = int(generator.integers(15, 160))
                chance = 1 / (1 + np.exp(-(-0.3 + at_region + at_source + at_kind)))
                won = int(generator.binomial(deals, chance))
                cells.append({"values": [region, source, kind], "won": won, "lost": deals - won})

    outcomes = np.array([[cell["won"], cell["lost"]] for cell in cells])
    names, columns = [], {}
    for position, dimension in enumerate(DIMENSIONS):
        sizes = {}
        for cell in cells:
            value = cell["values"][position]
            sizes[value] = sizes.get(value, 0) + cell["won"] + cell["lost"]
        reference = max(sizes, key=sizes.get)
        for value in sorted(set(sizes) - {reference}):
            names.append((dimension, value, reference))
            columns[(dimension, value)] = [float(c["values"][position] == value) for c in cells]

    def fit(kept):
        design = np.column_stack([np.ones(len(cells))] + [columns[name[:2]] for name in kept])
        return sm.GLM(outcomes, design, family=sm.families.Binomial()).fit(tol=1e-14, maxiter=200)

    full = fit(names)
    levels = []
    for index, (dimension, value, reference) in enumerate(names, start=1):
        levels.append(
            {
                "dimension": dimension,
                "value": value,
                "reference": reference,
                "coefficient": full.params[index],
                "standard_error": full.bse[index],
                "p_value": full.pvalues[index],
            }
        )
    tests = []
    for dimension in DIMENSIONS:
        reduced = fit([name for name in names if name[0] != dimension])
        statistic = 2 * (full.llf - reduced.llf)
        freedom = sum(name[0] == dimension for name in names)
        tests.append(
            {
                "dimension": dimension,
                "statistic": statistic,
                "degrees_of_freedom": freedom,
                "p_value": stats.chi2.sf(statistic, freedom),
            }
        )
    return {"dimensions": list(DIMENSIONS), "cells": cells, "levels": levels, "tests": tests}


def main():
    values = {
        "wilson": wilson(),
        "differences": differences(),
        "below": below(),
        "detectable": detectable(),
        "multiplicity": multiplicity(),
        "logistic": logistic(),
    }
    with open(sys.argv[1], "w", encoding="utf-8") as output:
        json.dump(values, output, indent=1)
        output.write("\n")


if __name__ == "__main__":
    main()
