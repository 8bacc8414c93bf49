"""Polars: CSV to Parquet with parsed types, and the table of metrics.

    polars_engine.py version
    polars_engine.py load DEALS.csv MAPPING.toml DEALS.parquet
    polars_engine.py metrics DEALS.parquet TABLE.csv
"""

import sys

import polars as pl

from reference import BLANK, BUCKETS, COLUMNS, DATES, DIMENSIONS, LARGEST_BUCKET, currency_rates


def load(csv: str, mapping: str, parquet: str) -> None:
    types = {column: pl.String for column in COLUMNS}
    types |= {column: pl.Date for column in DATES} | {"amount": pl.Decimal(18, 2)}
    rate = pl.lit("1").cast(pl.Decimal(9, 6))
    for code, text in currency_rates(mapping).items():
        of_code = pl.lit(text).cast(pl.Decimal(9, 6))
        rate = pl.when(pl.col("currency") == code).then(of_code).otherwise(rate)
    size = pl.lit(LARGEST_BUCKET)
    for bound, name in reversed(BUCKETS):
        size = pl.when(pl.col("amount") <= bound).then(pl.lit(name)).otherwise(size)
    unsized = pl.col("amount").is_null() | (pl.col("amount") == 0)
    deals = pl.scan_csv(csv, schema=types, null_values="")
    deals.with_columns(amount=(pl.col("amount") * rate).cast(pl.Decimal(18, 2))).with_columns(
        cycle_days=(pl.col("closed_date") - pl.col("created_date")).dt.total_days(),
        acv_bucket=pl.when(unsized).then(None).otherwise(size),
    ).sink_parquet(parquet, compression="zstd")


def metrics(parquet: str, table: str) -> None:
    closed = pl.scan_parquet(parquet).filter(pl.col("outcome").is_not_null()).select(
        *[pl.col(name).fill_null(BLANK) for name in DIMENSIONS],
        month=pl.col("closed_date").dt.strftime("%Y-%m"),
        outcome=pl.col("outcome").str.to_lowercase(),
        amount="amount",
        cycle_days="cycle_days",
    )
    parts = [
        closed.group_by(pl.lit(name).alias("dimension"), pl.col(name).alias("value"), "month", "outcome").agg(
            deals=pl.len(),
            amount=pl.col("amount").sum(),
            median_cycle_days=pl.col("cycle_days").median(),
        )
        for name in DIMENSIONS
    ]
    pl.concat(parts).sort("dimension", "value", "month", "outcome").collect().write_csv(table)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["version"]:
            print(pl.__version__)
        case ["load", csv, mapping, parquet]:
            load(csv, mapping, parquet)
        case ["metrics", parquet, table]:
            metrics(parquet, table)
        case _:
            sys.exit(__doc__)
