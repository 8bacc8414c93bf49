"""Reads an export with the tools of others, and compares the metric table with that of Winsight.

    pip install duckdb polars deltalake pyarrow
    read_export.py WINSIGHT HOME [WORKSPACE]

WINSIGHT is the program. Exports the newest version of the workspace in all three formats into a
temporary folder. CSV and Parquet are read by DuckDB and Polars; the Delta tables by Polars, by
`deltalake`, and by DuckDB where its `delta` extension can be installed. Each reader computes, for
every dimension and value, the closed, won and lost deals, the win rate, the won and the closed
amount and the median cycle; every one of these must equal `winsight metrics --by DIMENSION`.
"""

import json
import os
import subprocess
import sys
import tempfile
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
from deltalake import DeltaTable

DIMENSIONS = [
    "region", "industry", "product", "lead_source", "rep", "team", "deal_type", "acv_bucket",
]
BLANK = "(none)"


def winsight(program: str, home: str, workspace: str, *arguments: str) -> str:
    command = [program, "--home", home, "--workspace", workspace, *arguments]
    # Every rate is shown, on however few deals.
    environment = os.environ | {"WINSIGHT_MIN_DEALS": "1"}
    return subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, env=environment
    ).stdout


def expected(program: str, home: str, workspace: str) -> dict:
    table = {}
    for dimension in DIMENSIONS:
        rows = json.loads(winsight(program, home, workspace, "--json", "metrics", "--by", dimension))
        for row in rows:
            table[dimension, row["value"]] = (
                row["deals"], row["won"], row["lost"], row["win_rate"],
                Decimal(row["won_amount"]), Decimal(row["closed_amount"]), row["median_cycle_days"],
            )
    return table


def metrics(relation: str) -> str:
    parts = " UNION ALL ".join(
        f"""SELECT '{name}' AS dimension, coalesce({name}, '{BLANK}') AS value,
              count(*) AS deals, count(*) FILTER (outcome = 'won') AS won,
              coalesce(sum(amount) FILTER (outcome = 'won'), 0) AS won_amount,
              coalesce(sum(amount), 0) AS closed_amount, median(cycle_days) AS cycle
            FROM closed GROUP BY ALL"""
        for name in DIMENSIONS
    )
    return f"WITH closed AS (SELECT * FROM {relation} WHERE outcome <> 'open') {parts}"


def by_duckdb(relation: str) -> dict:
    rows = duckdb.sql(metrics(relation)).fetchall()
    return {
        (dimension, value): (deals, won, deals - won, won / deals, won_amount, closed_amount, cycle)
        for dimension, value, deals, won, won_amount, closed_amount, cycle in rows
    }


def by_polars(deals: pl.LazyFrame) -> dict:
    is_won = pl.col("outcome") == "won"
    table = {}
    for name in DIMENSIONS:
        found = deals.filter(pl.col("outcome") != "open").group_by(
            pl.col(name).fill_null(BLANK).alias("value")
        ).agg(
            deals=pl.len(),
            won=is_won.sum(),
            won_amount=pl.col("amount").filter(is_won).sum(),
            closed_amount=pl.col("amount").sum(),
            cycle=pl.col("cycle_days").median(),
        ).collect()
        for value, deals_, won, won_amount, closed_amount, cycle in found.iter_rows():
            table[name, value] = (
                deals_, won, deals_ - won, won / deals_, won_amount or Decimal(0),
                closed_amount or Decimal(0), cycle,
            )
    return table


def readers(folder: Path):
    """Each a name and what it reads."""
    money = {"amount": pl.Decimal(18, 2)}
    csv, parquet, delta = (str(folder / part) for part in (
        "csv/deals.csv", "parquet/deals.parquet", "delta/deals",
    ))
    typed = "types = {'amount': 'DECIMAL(18, 2)', 'cycle_days': 'INTEGER'}"
    yield "DuckDB, CSV", lambda: by_duckdb(f"read_csv('{csv}', header = true, {typed})")
    yield "Polars, CSV", lambda: by_polars(
        pl.scan_csv(csv, schema_overrides=money, infer_schema_length=None)
    )
    yield "DuckDB, Parquet", lambda: by_duckdb(f"'{parquet}'")
    yield "Polars, Parquet", lambda: by_polars(pl.scan_parquet(parquet))
    yield "Polars, Delta", lambda: by_polars(pl.scan_delta(delta))
    yield "deltalake, Delta", lambda: by_polars(
        pl.from_arrow(DeltaTable(delta).to_pyarrow_table()).lazy()
    )
    try:
        duckdb.sql("INSTALL delta; LOAD delta")
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        print(f"DuckDB, Delta: not compared, its extension cannot be installed: {reason}")
    else:
        yield "DuckDB, Delta", lambda: by_duckdb(f"delta_scan('{delta}')")


def main(program: str, home: str, workspace: str = "default") -> None:
    wanted = expected(program, home, workspace)
    wrong = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for form in ("csv", "parquet", "delta"):
            winsight(program, home, workspace, "export", "--out", str(folder / form), "--format", form)
        for name, read in readers(folder):
            found = read()
            differing = [key for key in wanted.keys() | found.keys() if wanted.get(key) != found.get(key)]
            for key in differing[:3]:
                print(f"{name}: {key}: {found.get(key)} instead of {wanted.get(key)}")
            print(f"{name}: {len(wanted) - len(differing)} of {len(wanted)} rows equal")
            wrong += len(differing)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(*sys.argv[1:])
