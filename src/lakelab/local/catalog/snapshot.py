"""A version of a table: what its Delta log says about it.

The comment is the Delta description, column comments are in the schema, and primary key and tags are table
properties. So the catalog and the data cannot disagree.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from lakelab.local.catalog.columns import find_column
from lakelab.local.catalog.constraints import PrimaryKey, check_constraints, default, primary_key
from lakelab.local.catalog.errors import DamagedTableError
from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.properties import CHANGE_DATA_FEED, clustering_columns, user_properties
from lakelab.local.catalog.tags import column_tags, table_tags


class TableSnapshot:
    """A table, opened at one version.

    Parameters
    ----------
    name : TableName
    path : Path
        The table's folder.
    version : int, optional
        The version to open; the newest by default.

    Raises
    ------
    DamagedTableError
        If the Delta log cannot be read.
    """

    def __init__(self, name: TableName, path: Path, version: int | None = None):
        self.name = name
        self.path = path
        try:
            self.delta = DeltaTable(path, version=version)
        except DeltaError as error:
            if version is not None:  # there may be no such version
                raise
            raise DamagedTableError(
                f"Table '{name}' cannot be read, its Delta log is damaged: {path / '_delta_log'} "
                f"({str(error).splitlines()[0][:300]}). Restore the folder from a copy, or remove the "
                f"table: DROP TABLE {name}."
            ) from error

    @property
    def version(self) -> int:
        return self.delta.version()

    @property
    def comment(self) -> str | None:
        return self.delta.metadata().description

    @property
    def properties(self) -> dict[str, str]:
        """The table properties that a user set, without the internal ones."""
        return user_properties(self.configuration)

    @property
    def change_data_feed(self) -> bool:
        """Whether the change data feed is enabled."""
        return self.properties.get(CHANGE_DATA_FEED, "").lower() == "true"

    @property
    def primary_key(self) -> PrimaryKey | None:
        return primary_key(self.configuration)

    @property
    def tags(self) -> dict[str, str]:
        return table_tags(self.configuration)

    @property
    def column_tags(self) -> dict[str, dict[str, str]]:
        """The tags of each column that has tags."""
        return column_tags(self.configuration)

    @property
    def clustering(self) -> list[str]:
        """The clustering columns (see :mod:`lakelab.local.sql.statements.cluster_by`)."""
        return clustering_columns(self.configuration)

    @property
    def checks(self) -> dict[str, str]:
        """The CHECK constraints: name and condition of each."""
        return check_constraints(self.configuration)

    @property
    def fields(self) -> list[dict[str, Any]]:
        """The columns as the Delta log has them: name, type, nullable, metadata."""
        fields: list[dict[str, Any]] = json.loads(self.delta.schema().to_json())["fields"]
        return fields

    def field(self, column: str) -> dict[str, Any]:
        """Return a column as the Delta log has it; upper and lower case do not matter.

        Raises
        ------
        NotFoundError
            If the table has no such column.
        """
        return find_column(self.fields, column, self.name)

    def default(self, column: str) -> str | None:
        """Return the default of a column as it was declared, or None."""
        return default(self.field(column))

    @property
    def configuration(self) -> dict[str, str]:
        """All table properties, the internal ones included."""
        return self.delta.metadata().configuration
