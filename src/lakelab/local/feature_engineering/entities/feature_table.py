"""The description of a feature table.

Tested in ``tests/local/feature_engineering/test_tables.py``.
"""

from __future__ import annotations

from typing import Any

from lakelab.local.feature_engineering.entities.entity import Entity


class FeatureTable(Entity):
    """The description of one feature table, as ``create_table`` and ``get_table`` return it.

    Attributes
    ----------
    name : str
        The three-level name.
    table_id : str
        The Delta table id. It differs if the table was dropped and created again under the same name.
    description : str
        The table's comment.
    primary_keys : list of str
        The key columns; the time series column, if any, is the last.
    partition_columns : list of str
    features : list of str
        All columns, the keys included.
    creation_timestamp : int
        Milliseconds since 1970, UTC.
    timestamp_keys : list of str
        The time series column; empty without one.
    tags : dict of str to str
    online_stores, notebook_producers, job_producers : list
    table_data_sources, path_data_sources, custom_data_sources : list
        Available in a workspace only: empty here.
    """

    def __init__(
        self,
        name: str,
        table_id: str,
        description: str,
        primary_keys: list[str],
        partition_columns: list[str],
        features: list[str],
        creation_timestamp: int | None = None,
        online_stores: list[Any] | None = None,
        notebook_producers: list[Any] | None = None,
        job_producers: list[Any] | None = None,
        table_data_sources: list[Any] | None = None,
        path_data_sources: list[Any] | None = None,
        custom_data_sources: list[Any] | None = None,
        timestamp_keys: list[str] | None = None,
        tags: dict[str, str] | None = None,
    ):
        self.name = name
        self.table_id = table_id
        self.description = description
        self.primary_keys = primary_keys
        self.partition_columns = partition_columns
        self.features = features
        self.creation_timestamp = creation_timestamp
        self.online_stores = online_stores or []
        self.notebook_producers = notebook_producers or []
        self.job_producers = job_producers or []
        self.table_data_sources = table_data_sources or []
        self.path_data_sources = path_data_sources or []
        self.custom_data_sources = custom_data_sources or []
        self.timestamp_keys = timestamp_keys or []
        self._tags = tags or {}

    @property
    def tags(self) -> dict[str, str]:
        return self._tags
