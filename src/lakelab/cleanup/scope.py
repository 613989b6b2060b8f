"""The place that a cleanup searches.

Tested in ``tests/cleanup/test_run.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True)
class CleanupScope:
    """The schemas that a cleanup searches, and what it may remove there.

    Parameters
    ----------
    spark : SparkSession
    catalog, schema : str
        The course keeps its tables and models there.
    environments : mapping of str to str
        Environment -> ``catalog.schema``.
    is_default_schema : bool
        Whether the schema has the course's default name, and not one that the learner chose.
    endpoints : bool
        Whether models are served by endpoints, which continue after the notebook ends.

    Examples
    --------
    >>> CleanupScope(None, "main", "lakelab", {}, True, False).full_schema
    'main.lakelab'
    """

    spark: SparkSession
    catalog: str
    schema: str
    environments: Mapping[str, str]
    is_default_schema: bool
    endpoints: bool

    @property
    def full_schema(self) -> str:
        """The two-level name of the course's schema."""
        return f"{self.catalog}.{self.schema}"
