"""Reference values for time in stage, cohorts and win chances, from lifelines, statsmodels and sksurv.

Usage: pipeline_reference.py FOLDER OUTPUT.json
FOLDER holds skygeni_sales_data.csv and maven_sales_pipeline.csv; only counts per day are written.
"""

import json
import sys
import warnings
from collections import Counter
from pathlib import Path

import lifelines
import numpy as np
import pandas as pd
from lifelines.utils import median_survival_times
from sksurv.nonparametric import cumulative_incidence_competing_risks
from statsmodels.duration.survfunc import CumIncidenceRight
from statsmodels.stats.proportion import proportion_confint

DAYS = [30, 60, 90, 180]
OPEN, FIRST, SECOND = 0, 1, 2


def skygeni(folder, created, as_of):
    """Deals created in a window, as they stood on a day."""
    deals = pd.read_csv(folder / "skygeni_sales_data.csv", parse_dates=["created_date", "closed_date"])
    deals = deals[deals.created_date.between(*created)]
    return durations(deals.created_date, deals.closed_date, deals.outcome == "Won", as_of)


def maven(folder, as_of):
    deals = pd.read_csv(folder / "maven_sales_pipeline.csv", parse_dates=["engage_date", "close_date"])
    deals = deals[deals.engage_date <= pd.Timestamp(as_of)]
    return durations(deals.engage_date, deals.close_date, deals.deal_stage == "Won", as_of)


def durations(created, closed, won, as_of):
    as_of = pd.Timestamp(as_of)
    is_closed = closed.notna() & (closed <= as_of)
    last = closed.where(is_closed, as_of)
    ends = np.where(is_closed, np.where(won, FIRST, SECOND), OPEN)
    return (last - created).dt.days.to_numpy(), ends


def simulated(deals, seed, longest, tied):
    """Exponential times to win and to loss, watched for a while."""
    rng = np.random.default_rng(seed)
    won, lost = rng.exponential(80, deals), rng.exponential(60, deals)
    watched = rng.uniform(5, longest, deals)
    days = np.minimum(np.minimum(won, lost), watched)
    ends = np.where(watched <= np.minimum(won, lost), OPEN, np.where(won < lost, FIRST, SECOND))
    if tied:
        return np.floor(days).astype(int), ends
    # Every deal on a day of its own, in the same order.
    return np.argsort(np.argsort(days)) + 1, ends


def lifelines_variance(days, ends, cause, at):
    """Only for days without ties: lifelines moves ties apart at random."""
    fitter = lifelines.AalenJohansenFitter(seed=1)
    fitter.fit(days, ends, event_of_interest=cause)
    known = fitter.variance_
    return float(known[known.index <= at].to_numpy().ravel()[-1])


def sksurv_incidence(days, ends, at):
    times, shares = cumulative_incidence_competing_risks(ends, np.maximum(days, 0.5))
    place = np.searchsorted(times, at, side="right") - 1
    return (0.0, 0.0) if place < 0 else (float(shares[FIRST][place]), float(shares[SECOND][place]))


def sksurv_variance(days, ends, cause, at):
    # What comes later says nothing about this day, and an end at which nobody is left gives no number.
    is_later = days > at
    if not is_later.any():
        assert (ends != OPEN).all()
        share = np.mean(ends == cause)
        return float(share * (1 - share) / len(days))
    days, ends = np.where(is_later, at + 1, days), np.where(is_later, OPEN, ends)
    times, shares, intervals = cumulative_incidence_competing_risks(
        ends, np.maximum(days, 0.5), conf_type="log-log", var_type="Dinse_Approx"
    )
    place = np.searchsorted(times, at, side="right") - 1
    share, (low, _) = shares[cause][place], intervals[cause][:, place]
    # The interval is share ** exp(z se / (share log share)), either way.
    half = np.log(np.log(low) / np.log(share))
    return float((half / 1.959963984540054 * share * np.log(share)) ** 2)


def incidence(days, ends, tied):
    rows = []
    for at in DAYS:
        if at > days.max():
            continue
        cause_shares = sksurv_incidence(days, ends, at)
        statsmodels_fit = CumIncidenceRight(np.maximum(days, 0.5), ends)
        for cause in (FIRST, SECOND):
            share = cause_shares[cause - 1]
            place = np.searchsorted(statsmodels_fit.times, at, side="right") - 1
            assert abs(statsmodels_fit.cinc[cause - 1][place] - share) < 1e-9
            variance = sksurv_variance(days, ends, cause, at)
            if not tied:
                assert abs(lifelines_variance(days, ends, cause, at) - variance) < 1e-9
            effective = min(share * (1 - share) / variance, len(days))
            low, high = proportion_confint(share * effective, effective, method="wilson")
            rows.append({"days": at, "cause": cause, "share": share, "low": low, "high": high})
    return rows


def time_in_stage(days, ends):
    """Kaplan-Meier of the days until a deal leaves in any way."""
    fitter = lifelines.KaplanMeierFitter()
    fitter.fit(days, ends != OPEN)
    bounds = median_survival_times(fitter.confidence_interval_)
    known = lambda value: None if np.isinf(value) else float(value)
    return {
        "median": known(fitter.median_survival_time_),
        "median_low": known(bounds.iloc[0, 0]),
        "median_high": known(bounds.iloc[0, 1]),
        "remaining": [
            {"days": at, "share": float(fitter.predict(at))} for at in DAYS if at <= days.max()
        ],
    }


def conditional(days, ends):
    """Of those open longer than some days, the share that will be won.

    Those that have outlived every end seen end, with a chance of 10 / (10 + their number), as the
    others that had become as old.
    """
    times, shares = cumulative_incidence_competing_risks(ends, np.maximum(days, 0.5))
    last = days[ends != OPEN].max()
    outlived = np.sum(days >= last) - np.sum((days == last) & (ends != OPEN))
    rows = []
    for age in (0, 10, 45, 75):
        if np.sum(days[ends != OPEN] > age) < 10:
            continue
        place = np.searchsorted(times, max(age, 0.5), side="right") - 1
        before = shares[:, place] if place >= 0 else np.zeros(3)
        won, lost = shares[1:, -1] - before[1:]
        unseen = 1 - shares[0, -1]
        ends_later = (won + lost + unseen * 10 / (10 + outlived)) / (won + lost + unseen)
        rows.append({"age": age, "chance": float(won / (won + lost) * ends_later)})
    return rows


def counts(days, ends, end):
    return sorted((int(day), count) for day, count in Counter(days[ends == end].tolist()).items())


def case(label, days, ends, tied=True):
    return {
        "label": label,
        "won": counts(days, ends, FIRST),
        "lost": counts(days, ends, SECOND),
        "ongoing": counts(days, ends, OPEN),
        "incidence": incidence(days, ends, tied),
        "time": time_in_stage(days, ends),
        "conditional": conditional(days, ends),
    }


def main():
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1])
    quarter = ("2023-07-01", "2023-09-30")
    cases = [
        case("skygeni, third quarter, at the end of 2023", *skygeni(folder, quarter, "2023-12-31")),
        case("skygeni, third quarter, all closed", *skygeni(folder, quarter, "2025-12-31")),
        case("maven, all", *maven(folder, "2017-12-31")),
        case("maven, in June", *maven(folder, "2017-06-30")),
        case("simulated, a few", *simulated(30, 7, 100, True)),
        case("simulated", *simulated(1000, 8, 300, True)),
        case("simulated, without ties", *simulated(250, 9, 200, False), tied=False),
    ]
    with open(sys.argv[2], "w", encoding="utf-8") as output:
        json.dump({"cases": cases}, output)
        output.write("\n")


if __name__ == "__main__":
    main()
