"""The session and the schema in which a lesson's data is prepared.

Tested in ``tests/lessons/prepare/test_needs.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lakelab.lessons.prepare.prepared_tables import PreparedTables

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True)
class LessonSchema:
    """The session and the schema in which a lesson's data is prepared.

    Parameters
    ----------
    spark : SparkSession
    catalog, schema : str
        The course keeps its tables and models there.
    prepared_tables : PreparedTables, optional
        The record of tables that are known to be correct. Their rows are not compared again.
    environments : mapping of str to str, optional
        Environment -> ``catalog.schema``.

    Examples
    --------
    >>> LessonSchema(None, "main", "lakelab").name("planes")
    'main.lakelab.planes'
    """

    spark: SparkSession
    catalog: str
    schema: str
    prepared_tables: PreparedTables = field(default_factory=PreparedTables)
    environments: Mapping[str, str] = field(default_factory=dict)

    def name(self, securable: str) -> str:
        """Return the three-level name of a table or model of the course."""
        return f"{self.catalog}.{self.schema}.{securable}"
