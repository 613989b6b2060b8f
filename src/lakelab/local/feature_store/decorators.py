"""``@feature_table``: a decorator for functions that compute features and write them to a table.

Follows https://docs.databricks.com/aws/en/machine-learning/feature-store/workspace-feature-store/
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from lakelab.local.feature_store.client import FeatureStoreClient

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def feature_table(func: Callable[..., DataFrame]) -> Any:
    """Add methods that write the result to a function that returns a DataFrame of features.

    Parameters
    ----------
    func : callable
        The function that computes the features.

    Returns
    -------
    callable
        The function with two more attributes. ``compute_and_write(input, feature_table_name,
        mode="merge")`` calls the function with ``input`` (a dict: as keyword arguments), writes the
        result to the table, and returns it. ``compute_and_write_streaming`` works in a workspace only.
    """
    client = FeatureStoreClient()

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> DataFrame:
        return func(*args, **kwargs)

    def compute_and_write(input: Any, feature_table_name: str, mode: str = "merge") -> DataFrame:
        df = func(**input) if isinstance(input, dict) else func(input)
        client.write_table(feature_table_name, df, mode)
        return df

    def compute_and_write_streaming(
        input: Any,
        feature_table_name: str,
        checkpoint_location: str | None = None,
        trigger: dict[str, Any] = {"processingTime": "5 seconds"},  # noqa: B006 (the official one)
    ) -> NoReturn:
        raise NotImplementedError(
            "compute_and_write_streaming works in a Databricks workspace only. Here, compute_and_write "
            "writes a DataFrame that is not streaming."
        )

    wrapper.compute_and_write = compute_and_write  # type: ignore[attr-defined]  # a method of the function
    wrapper.compute_and_write_streaming = compute_and_write_streaming  # type: ignore[attr-defined]  # as above
    return wrapper
