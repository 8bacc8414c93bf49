"""Mix, rate and Shapley values of two public sales files, by fractions, from the definitions.

Usage: decomposition_reference.py skygeni_sales_data.csv maven_sales_pipeline.csv OUTPUT.json

Kitagawa's terms are computed deal group by deal group as fractions; Shapley values by going through
every order of the dimensions. Counts and sums of cells are stored, no row of either file is.
"""

import csv
import itertools
import json
import math
import sys
from collections import defaultdict
from fractions import Fraction

ZERO = Fraction(0)


def bucket(amount):
    if amount <= 10_000:
        return "SMB"
    return "Mid-Market" if amount <= 50_000 else "Enterprise"


def skygeni(path):
    for row in csv.DictReader(open(path, encoding="utf-8")):
        yield {
            "day": row["closed_date"],
            "won": row["outcome"] == "Won",
            "cents": round(float(row["deal_amount"]) * 100),
            "region": row["region"],
            "lead_source": row["lead_source"],
            "industry": row["industry"],
            "acv_bucket": bucket(float(row["deal_amount"])),
            "rep": row["sales_rep_id"],
        }


def maven(path):
    for row in csv.DictReader(open(path, encoding="utf-8")):
        if row["deal_stage"] in ("Won", "Lost"):
            yield {
                "day": row["close_date"],
                "won": row["deal_stage"] == "Won",
                "cents": round(float(row["close_value"] or 0) * 100),
                "product": row["product"],
                "rep": row["sales_agent"],
            }


def tabulate(deals, dimensions, window, baseline):
    """Won and lost deals and cents of every combination of values: now, then before."""
    cells = defaultdict(lambda: [[0] * 4, [0] * 4])
    for deal in deals:
        for place, (start, end) in ((0, window), (2, baseline)):
            if start <= deal["day"] < end:
                cell = cells[tuple(deal[name] for name in dimensions)]
                side = place + (0 if deal["won"] else 1)
                cell[0][side] += 1
                cell[1][side] += deal["cents"]
    return dict(sorted(cells.items()))


def kitagawa(cells):
    """The mix and the rate term of each cell of {values: (won now, lost now, won before, lost before)}."""
    now = sum(cell[0] + cell[1] for cell in cells.values())
    then = sum(cell[2] + cell[3] for cell in cells.values())
    level = (
        Fraction(sum(cell[0] for cell in cells.values()), now)
        + Fraction(sum(cell[2] for cell in cells.values()), then)
    ) / 2
    terms = {}
    for values, (won, lost, won_then, lost_then) in cells.items():
        closed, closed_then = won + lost, won_then + lost_then
        if closed == 0 and closed_then == 0:
            terms[values] = (ZERO, ZERO)
            continue
        rate = Fraction(won, closed) if closed else Fraction(won_then, closed_then)
        rate_then = Fraction(won_then, closed_then) if closed_then else rate
        share, share_then = Fraction(closed, now), Fraction(closed_then, then)
        terms[values] = (
            (share - share_then) * ((rate + rate_then) / 2 - level),
            (rate - rate_then) * (share + share_then) / 2,
        )
    return terms


def mix_by(cells, places):
    """The mix of the split by the combinations of some of the dimensions."""
    merged = defaultdict(lambda: [0] * 4)
    for values, cell in cells.items():
        into = merged[tuple(values[place] for place in places)]
        for place, count in enumerate(cell):
            into[place] += count
    return sum((mix for mix, _ in kitagawa(merged).values()), ZERO)


def shapley(cells, count):
    """The mean, over every order of the dimensions, of what each adds to the mix."""
    values = [ZERO] * count
    for order in itertools.permutations(range(count)):
        for position, place in enumerate(order):
            before = sorted(order[:position])
            values[place] += mix_by(cells, sorted([*before, place])) - mix_by(cells, before)
    return [value / math.factorial(count) for value in values]


def split(cells, count):
    terms = kitagawa(cells)
    mix = sum((mix for mix, _ in terms.values()), ZERO)
    rate = sum((rate for _, rate in terms.values()), ZERO)
    values = shapley(cells, count)
    now, then = [
        Fraction(
            sum(cell[place] for cell in cells.values()),
            sum(cell[place] + cell[place + 1] for cell in cells.values()),
        )
        for place in (0, 2)
    ]
    assert mix + rate == now - then and sum(values, ZERO) == mix
    return {
        "total": float(now - then),
        "mix": float(mix),
        "rate": float(rate),
        "parts": [[float(mix), float(rate)] for mix, rate in terms.values()],
        "shapley": [float(value) for value in values],
    }


def answer(label, deals, dimensions, window, baseline, amounts):
    cells = tabulate(deals, dimensions, window, baseline)
    return {
        "label": label,
        "dimensions": dimensions,
        "cells": [[list(values), *cell] for values, cell in cells.items()],
        "win_rate": split({key: cell[0] for key, cell in cells.items()}, len(dimensions)),
        "rwwr": split({key: cell[1] for key, cell in cells.items()}, len(dimensions))
        if amounts
        else None,
    }


def main():
    sky, other = list(skygeni(sys.argv[1])), list(maven(sys.argv[2]))
    quarters = (("2024-01-01", "2024-04-01"), ("2023-10-01", "2024-01-01"))
    months = (("2017-10-01", "2018-01-01"), ("2017-07-01", "2017-10-01"))
    three = ["region", "lead_source", "acv_bucket"]
    known = [
        answer("skygeni by region", sky, ["region"], *quarters, True),
        answer("skygeni by rep", sky, ["rep"], *quarters, True),
        answer("skygeni by region, source and size", sky, three, *quarters, True),
        # Lost deals of this file carry no amount.
        answer("maven by product", other, ["product"], *months, False),
        answer("maven by product and rep", other, ["product", "rep"], *months, False),
    ]
    with open(sys.argv[3], "w", encoding="utf-8") as output:
        json.dump(known, output, separators=(",", ":"))
        output.write("\n")


if __name__ == "__main__":
    main()
