"""The running case: will this New York flight arrive more than 15 minutes late?

Plain functions over pandas, which run on Databricks and on a laptop alike.
"""

from lakelab.flights.features import airport_congestion, airport_weather, planes
from lakelab.flights.labels import flight_labels, in_months
from lakelab.flights.model import auc, feature_columns, train
from lakelab.flights.source import RAW_TABLES, read_raw

__all__ = [
    "RAW_TABLES",
    "airport_congestion",
    "airport_weather",
    "auc",
    "feature_columns",
    "flight_labels",
    "in_months",
    "planes",
    "read_raw",
    "train",
]
