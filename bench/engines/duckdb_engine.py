"""DuckDB: CSV to Parquet with parsed types, and the table of metrics.

    duckdb_engine.py version
    duckdb_engine.py load DEALS.csv MAPPING.toml DEALS.parquet
    duckdb_engine.py metrics DEALS.parquet TABLE.csv
"""

import sys

import duckdb

from reference import BLANK, BUCKETS, COLUMNS, DATES, DIMENSIONS, LARGEST_BUCKET, currency_rates


def load(csv: str, mapping: str, parquet: str) -> None:
    types = {column: "VARCHAR" for column in COLUMNS}
    types |= {column: "DATE" for column in DATES} | {"amount": "DECIMAL(18, 2)"}
    rates = "".join(
        f" WHEN '{code}' THEN {rate}::DECIMAL(9, 6)" for code, rate in currency_rates(mapping).items()
    )
    rate = f"CASE currency{rates} ELSE 1 END" if rates else "1"
    sizes = "".join(f" WHEN amount <= {bound} THEN '{name}'" for bound, name in BUCKETS)
    duckdb.sql(f"""
        COPY (
          SELECT *,
            closed_date - created_date AS cycle_days,
            CASE WHEN amount IS NULL OR amount = 0 THEN NULL {sizes} ELSE '{LARGEST_BUCKET}' END
              AS acv_bucket
          FROM (
            SELECT * REPLACE (CAST(amount * {rate} AS DECIMAL(18, 2)) AS amount)
            FROM read_csv('{csv}', header = true, auto_detect = false, delim = ',', quote = '"',
                          escape = '"', nullstr = '', columns = {types})
          )
        ) TO '{parquet}' (FORMAT parquet, COMPRESSION zstd)
    """)


def metrics(parquet: str, table: str) -> None:
    blanks = ", ".join(f"coalesce({name}, '{BLANK}') AS {name}" for name in DIMENSIONS)
    parts = " UNION ALL ".join(
        f"""SELECT '{name}' AS dimension, {name} AS value, month, outcome, count(*) AS deals,
              coalesce(sum(amount), 0) AS amount, median(cycle_days) AS median_cycle_days
            FROM closed GROUP BY ALL"""
        for name in DIMENSIONS
    )
    duckdb.sql(f"""
        COPY (
          WITH closed AS MATERIALIZED (
            SELECT {blanks}, strftime(closed_date, '%Y-%m') AS month, lower(outcome) AS outcome,
              amount, cycle_days
            FROM '{parquet}' WHERE outcome IS NOT NULL
          )
          SELECT * FROM ({parts}) ORDER BY dimension, value, month, outcome
        ) TO '{table}' (FORMAT csv, HEADER true)
    """)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["version"]:
            print(duckdb.__version__)
        case ["load", csv, mapping, parquet]:
            load(csv, mapping, parquet)
        case ["metrics", parquet, table]:
            metrics(parquet, table)
        case _:
            sys.exit(__doc__)
