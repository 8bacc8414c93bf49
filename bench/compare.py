"""Winsight beside DuckDB and Polars: loading deals and tabulating their metrics, in one run.

Every command runs in a process of its own, three times; medians are shown.
"""

import argparse
import collections
import csv
import json
import os
import platform
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import measure

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "engines"))
from reference import DIMENSIONS  # noqa: E402

RUNS = 3
SEED = 7
TASKS = [
    "load", "load of 1%", "metric table", "metric table, kept", "metric table, full", "run daily",
    "run weekly", "start-up",
]
NOTE = f"""\
What is compared
  load          CSV to typed columns on disk. DuckDB and Polars parse dates and amounts, convert
                currencies, derive cycle days and deal size, and write one Parquet file (zstd).
                Winsight does that and also maps the columns by itself, validates every row, drops
                repeated rows, compares with what is stored, writes one file for each month (LZ4,
                encrypted, flushed to the disk), commits one version to its Delta tables and its
                SQL database, and keeps the tallies of every closed month.
  load of 1%    the deals created last, their amounts changed, into the store of the full load.
  metric table  {len(DIMENSIONS)} dimensions x closed month: deals, amount and median cycle days by outcome, in
                one process, counted from the files of deals. Winsight: `metrics --each --quick
                --no-cache`; its rows also carry win rates and all intervals but one.
  ..., kept     the same from the tallies kept of every closed month, as a user gets it (--each
                --quick).
  ..., full     the same with the interval of every friction index (--each).
  run daily,    the insight jobs, on the loaded deals; the other engines have no counterpart.
  run weekly
  start-up      printing the version: part of every time above, once per process.
Times are wall-clock from start to exit of the process, memory is its peak resident set. The input
was just written, so it is read from the page cache."""


class Engine:
    """One of the reference engines, as a script in a process of its own."""

    def __init__(self, name: str, script: str):
        self.name = name
        self.command = [sys.executable, HERE / "engines" / script]

    def version(self) -> str:
        return subprocess.check_output([*self.command, "version"], text=True).strip()

    def start(self) -> measure.Measured:
        return measure.run([*self.command, "version"])

    def load(self, data: Path, work: Path) -> measure.Measured:
        parquet = work / f"{self.name}.parquet"
        return measure.run([*self.command, "load", data / "deals.csv", data / "mapping.toml", parquet])

    def table(self, work: Path) -> measure.Measured:
        parquet = work / f"{self.name}.parquet"
        return measure.run([*self.command, "metrics", parquet, work / f"{self.name}.csv"])


class Winsight:
    """The product, as its release binary."""

    name = "winsight"

    def __init__(self, binary: Path):
        self.binary = binary

    def version(self) -> str:
        return subprocess.check_output([self.binary, "--version"], text=True).split()[-1]

    def start(self) -> measure.Measured:
        return measure.run([self.binary, "--version"])

    def command(self, truth: dict, work: Path, *words) -> measure.Measured:
        as_of = truth["ends"]
        return measure.run([self.binary, "--home", work / "home", "--as-of", as_of, "--json", *words])

    def load(self, data: Path, truth: dict, work: Path) -> measure.Measured:
        shutil.rmtree(work / "home", ignore_errors=True)
        files = [data / "deals.csv", "--mapping", data / "mapping.toml"]
        return self.command(truth, work, "import", *files)

    def reload(self, data: Path, truth: dict, work: Path, changed: Path) -> measure.Measured:
        files = [changed, "--mapping", data / "mapping.toml"]
        return self.command(truth, work, "import", *files)

    def table(self, truth: dict, work: Path, *how) -> measure.Measured:
        by = ",".join(DIMENSIONS)
        return self.command(truth, work, "metrics", "--each", "--by", by, "--grain", "month", *how)


def simulate(winsight: Path, deals: int, out: Path) -> tuple:
    """The company to load, made once; its truth is written last, so its presence means complete."""
    data = out / f"data-{deals}"
    if not (data / "truth.json").exists():
        print(f"simulating {deals:,} deals", file=sys.stderr)
        measure.run([winsight, "simulate", "--out", data, "--deals", deals, "--seed", SEED])
    return data, json.loads((data / "truth.json").read_text())


def write_changed(data: Path, deals: int, changed: Path, cents: int) -> None:
    """The 1% of the deals that were created last, with other amounts."""
    with (data / "deals.csv").open(newline="") as file:
        created = collections.Counter(row["created_date"] for row in csv.DictReader(file))
    days, wanted = set(), deals // 100
    for day in sorted(created, reverse=True):
        if wanted <= 0:
            break
        days.add(day)
        wanted -= created[day]
    with (data / "deals.csv").open(newline="") as file, changed.open("w", newline="") as out:
        rows = csv.DictReader(file)
        writer = csv.DictWriter(out, rows.fieldnames)
        writer.writeheader()
        for row in rows:
            if row["created_date"] in days:
                row["amount"] = str(Decimal(row["amount"] or 0) + Decimal(cents) / 100)
                writer.writerow(row)


def table_rows(path: Path) -> dict:
    with path.open(newline="") as file:
        return {
            (row["dimension"], row["value"], row["month"], row["outcome"]): row
            for row in csv.DictReader(file)
        }


def check(work: Path, rows: list, truth: dict) -> str:
    """Ends the benchmark unless all engines counted the same; says what they counted."""
    one, other = table_rows(work / "duckdb.csv"), table_rows(work / "polars.csv")
    for key in one.keys() | other.keys():
        if key not in one or key not in other:
            sys.exit(f"DuckDB and Polars disagree on whether there is a row {key}")
        left, right = one[key], other[key]
        deals = int(left["deals"])
        # They round a converted amount differently, by at most a cent a deal.
        close = abs(Decimal(left["amount"]) - Decimal(right["amount"])) <= deals * Decimal("0.01")
        same = all(left[name] == right[name] for name in ("deals", "median_cycle_days"))
        if not (same and close):
            sys.exit(f"DuckDB and Polars disagree on {key}: {left} against {right}")
    theirs = sum(int(row["deals"]) for key, row in one.items() if key[0] == DIMENSIONS[0])
    ours = sum(row["deals"] for row in rows if row["dimension"] == DIMENSIONS[0])
    repeated = truth["totals"]["duplicates"]
    if not 0 <= theirs - ours <= repeated:
        sys.exit(f"Winsight counts {ours} closed deals, the others {theirs}, with {repeated} repeated rows")
    return f"closed deals: {ours:,} in Winsight, {theirs:,} elsewhere, where repeated rows count twice"


def measure_size(deals: int, winsight: Winsight, engines: list, out: Path) -> dict:
    data, truth = simulate(winsight.binary, deals, out)
    work = out / f"work-{deals}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    result = {"deals": deals, "csv_bytes": (data / "deals.csv").stat().st_size, "engines": {}}
    for engine in engines:
        print(f"{deals:,} deals: {engine.name}", file=sys.stderr)
        result["engines"][engine.name] = {
            "start-up": measure.median_of([engine.start() for _ in range(RUNS)]),
            "load": measure.median_of([engine.load(data, work) for _ in range(RUNS)]),
            "metric table": measure.median_of([engine.table(work) for _ in range(RUNS)]),
        }
    print(f"{deals:,} deals: winsight", file=sys.stderr)
    loads = [winsight.load(data, truth, work) for _ in range(RUNS)]
    anew = [winsight.table(truth, work, "--quick", "--no-cache") for _ in range(RUNS)]
    kept = [winsight.table(truth, work, "--quick") for _ in range(RUNS)]
    if anew[0].output != kept[0].output:
        sys.exit("Winsight's kept tallies differ from those counted anew")
    result["check"] = check(work, json.loads(anew[0].output), truth)
    full = [winsight.table(truth, work) for _ in range(RUNS)]
    jobs = {
        f"run {job}": [winsight.command(truth, work, "run", job) for _ in range(RUNS)]
        for job in ("daily", "weekly")
    }
    reloads = []
    for run in range(RUNS):
        write_changed(data, deals, work / "changed.csv", run + 1)
        reloads.append(winsight.reload(data, truth, work, work / "changed.csv"))
    measured = {
        "start-up": [winsight.start() for _ in range(RUNS)],
        "load": loads,
        "load of 1%": reloads,
        "metric table": anew,
        "metric table, kept": kept,
        "metric table, full": full,
    } | jobs
    result["engines"][winsight.name] = {
        task: measure.median_of(runs) for task, runs in measured.items()
    }
    shutil.rmtree(work)
    return result


def show(result: dict) -> None:
    names = ["winsight", "duckdb", "polars"]
    print(f"\n{result['deals']:,} deals, {result['csv_bytes'] / 2**20:.1f} MiB of CSV")
    print(f"  {'':24}" + "".join(f"{name:>20}" for name in names))
    for task in TASKS:
        cells = ""
        for name in names:
            measured = result["engines"][name].get(task)
            cell = f"{measured['seconds']:.2f} s {measured['peak_mib']:,.0f} MiB" if measured else "-"
            cells += f"{cell:>20}"
        print(f"  {task:24}{cells}")
    print(f"  {result['check']}")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--winsight", type=Path, required=True)
    arguments.add_argument("--out", type=Path, required=True)
    arguments.add_argument("sizes", type=int, nargs="+")
    given = arguments.parse_args()
    engines = [Engine("duckdb", "duckdb_engine.py"), Engine("polars", "polars_engine.py")]
    winsight = Winsight(given.winsight)
    given.out.mkdir(parents=True, exist_ok=True)
    report = {
        "cores": os.cpu_count(),
        "threads": "each engine's default, which is one per core",
        "platform": platform.platform(),
        "runs": RUNS,
        "versions": {engine.name: engine.version() for engine in [winsight, *engines]},
        "sizes": [],
    }
    versions = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    print(f"{versions}; {report['cores']} cores, {report['threads']}; median of {RUNS} runs")
    for deals in given.sizes:
        report["sizes"].append(measure_size(deals, winsight, engines, given.out))
        show(report["sizes"][-1])
    results = given.out / "results.json"
    results.write_text(json.dumps(report, indent=2) + "\n")
    print(f"\n{NOTE}\n\nwritten to {results}")


if __name__ == "__main__":
    main()
