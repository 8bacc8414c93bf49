"""Counts, sums and histograms of two public sales files, and the metrics they must give.

Usage: known_answers.py skygeni_sales_data.csv maven_sales_pipeline.csv OUTPUT.json
"""

import json
import sys
from collections import Counter

import numpy as np
import pandas as pd
from scipy import integrate, stats
from scipy.stats.mstats import hdquantiles, hdquantiles_sd
from statsmodels.stats.proportion import proportion_confint


def side(deals):
    """What a tally holds of the won, or of the lost, deals. Amounts in cents, as text: the squares
    exceed 64 bits."""
    cents = [round(amount * 100) for amount in deals.amount]
    days = deals.days.value_counts().sort_index()
    return {
        "deals": len(deals),
        "amount_cents": str(sum(cents)),
        "amount_squared": str(sum(c * c for c in cents)),
        "without_amount": int(sum(c == 0 for c in cents)),
        "cycle_days": [[int(day), int(count)] for day, count in days.items()],
    }


def ratio_interval(deals):
    """The score interval of the revenue-weighted win rate with an effective number of deals: Kish's
    and that of the linearised variance, from the residual of every deal, weighted by how many."""
    amounts = deals.amount.to_numpy()
    won = np.where(deals.won, amounts, 0.0)
    ratio = won.sum() / amounts.sum()
    residuals = won - ratio * amounts
    count = len(deals)
    variance = count * residuals.var(ddof=1) / amounts.sum() ** 2
    kish = amounts.sum() ** 2 / (amounts.astype(float) ** 2).sum()
    trusted = kish / (kish + 40)
    effective = kish ** (1 - trusted) * (ratio * (1 - ratio) / variance) ** trusted
    low, high = proportion_confint(ratio * effective, effective, alpha=0.05, method="wilson")
    return ratio, low, high


def within_the_day(days):
    """The deals of one whole day, evenly over points of the day around it: at least four, and eight for
    every √n of the n deals."""
    least = len(days) ** 0.5
    spread = []
    for day, deals in sorted(Counter(days).items()):
        first, width = (0.0, 0.5) if day == 0 else (day - 0.5, 1.0)
        count = min(deals, max(4, int(np.ceil(deals / least * 8))))
        for place in range(count):
            here = (place + 1) * deals // count - place * deals // count
            spread += [first + width * (place + 0.5) / count] * here
    return np.array(spread)


def log_median(days):
    """Harrell and Davis's estimate of scipy, its jackknife error, and the deals it is made of."""
    logs = np.log(within_the_day(days.tolist()))
    count = len(logs)
    half = (count + 1) / 2
    squares = integrate.quad(lambda x: stats.beta.pdf(x, half, half) ** 2, 0, 1, points=[0.5])[0]
    freedom = count / squares - 1
    value = float(hdquantiles(logs, prob=[0.5])[0])
    error = float(hdquantiles_sd(logs, prob=[0.5])[0])
    return value, error**2, freedom


def friction_interval(deals):
    """Welch's interval of the difference of two log medians."""
    top, top_variance, top_freedom = log_median(deals.days[~deals.won])
    bottom, bottom_variance, bottom_freedom = log_median(deals.days[deals.won])
    variance = top_variance + bottom_variance
    freedom = variance**2 / (top_variance**2 / top_freedom + bottom_variance**2 / bottom_freedom)
    half = stats.t.ppf(0.975, freedom) * np.sqrt(variance)
    return [float(end) for end in np.exp([top - bottom - half, top - bottom + half])]


def answers(label, deals):
    won, lost = deals[deals.won], deals[~deals.won]
    blank = (lost.amount == 0).mean() if len(lost) else 0.0
    expected = {
        "win_rate": len(won) / len(deals),
        "dfi": float(lost.days.median() / won.days.median()),
        "dfi_interval": friction_interval(deals),
        "median_cycle_days": float(deals.days.median()),
        "rwwr": None,
    }
    if blank < 0.95:
        expected["rwwr"], expected["rwwr_low"], expected["rwwr_high"] = ratio_interval(deals)
    return {"label": label, "won": side(won), "lost": side(lost), "expected": expected}


def skygeni(path):
    table = pd.read_csv(path)
    return pd.DataFrame(
        {
            "won": table.outcome == "Won",
            "amount": table.deal_amount,
            "days": table.sales_cycle_days,
            "rep": table.sales_rep_id,
            "region": table.region,
            "lead_source": table.lead_source,
        }
    )


def maven(path):
    table = pd.read_csv(path, parse_dates=["engage_date", "close_date"])
    closed = table[table.deal_stage.isin(["Won", "Lost"])]
    return pd.DataFrame(
        {
            "won": closed.deal_stage == "Won",
            "amount": closed.close_value,
            "days": (closed.close_date - closed.engage_date).dt.days,
        }
    )


def rep_spread(deals, draws=20_000):
    """The spread of the reps' win rates, and the band that a common rate gives."""
    by_rep = deals.groupby("rep").won.agg(["sum", "count"])
    generator = np.random.default_rng(3)
    sizes = by_rep["count"].to_numpy()
    common = by_rep["sum"].sum() / sizes.sum()
    simulated = generator.binomial(sizes, common, size=(draws, len(sizes))) / sizes
    low, high = np.quantile(simulated.std(axis=1, ddof=1), [0.05, 0.95])
    return {
        "reps": [{"won": int(won), "deals": int(count)} for won, count in by_rep.to_numpy()],
        "srwv": float((by_rep["sum"] / by_rep["count"]).std(ddof=1)),
        "chance_low": float(low),
        "chance_high": float(high),
    }


def main():
    sky, other = skygeni(sys.argv[1]), maven(sys.argv[2])
    values = {
        "tallies": [
            answers("skygeni", sky),
            answers("skygeni enterprise", sky[sky.amount > 50_000]),
            answers("skygeni North America", sky[sky.region == "North America"]),
            answers("skygeni Partner", sky[sky.lead_source == "Partner"]),
            answers("skygeni rep_2", sky[sky.rep == "rep_2"]),
            answers("maven", other),
        ],
        "rep_spread": rep_spread(sky),
    }
    with open(sys.argv[3], "w", encoding="utf-8") as output:
        json.dump(values, output, indent=None, separators=(",", ":"))
        output.write("\n")


if __name__ == "__main__":
    main()
