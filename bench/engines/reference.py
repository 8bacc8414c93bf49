"""What both reference engines are asked to do, so that they do the same."""

import tomllib

DIMENSIONS = [
    "region", "industry", "product", "lead_source", "rep", "team", "deal_type", "acv_bucket",
]
DATES = [
    "created_date", "closed_date", "expected_close_date", "last_activity_date", "updated_at",
]
COLUMNS = [
    "deal_id", "name", "account", "created_date", "closed_date", "expected_close_date", "stage",
    "outcome", "amount", "currency", "region", "industry", "product", "lead_source", "rep", "team",
    "deal_type", "last_activity_date", "updated_at",
]
# Upper bounds of the deal sizes; a bound belongs to the lower bucket.
BUCKETS = [(10_000, "SMB"), (50_000, "Mid-Market")]
LARGEST_BUCKET = "Enterprise"
BLANK = "(none)"


def currency_rates(mapping: str) -> dict:
    """Rates into the reporting currency, as exact decimal texts."""
    with open(mapping, "rb") as file:
        return tomllib.load(file).get("currency_rates", {})
