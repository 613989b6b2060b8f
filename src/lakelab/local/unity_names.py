"""The names of Unity Catalog: three levels, in lower case.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-names
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lakelab.local.unity_errors import UnityCatalogError

HIVE_METASTORE = "hive_metastore"
"""The catalog that is no part of Unity Catalog: see :mod:`lakelab.local.hive_metastore`."""


@dataclass(frozen=True, order=True)
class TableName:
    """A three-level name, in lower case as Unity Catalog keeps it.

    Examples
    --------
    >>> TableName.parse("Weather", catalog="main", schema="flights")
    TableName(catalog='main', schema='flights', table='weather')
    >>> str(TableName.parse("main.flights.`air-port`"))
    'main.flights.air-port'
    >>> TableName.parse("a.b.c.d", catalog="main", schema="flights")
    Traceback (most recent call last):
    ...
    lakelab.local.unity_errors.UnityCatalogError: 'a.b.c.d' is not a table name: give \
catalog.schema.table, schema.table or table.
    """

    catalog: str
    schema: str
    table: str

    @classmethod
    def parse(cls, name: str, *, catalog: str = "", schema: str = "") -> TableName:
        """Complete a name of one to three levels with the current catalog and schema."""
        parts = [
            quoted or plain for quoted, plain in re.findall(r"`([^`]+)`|([^.`]+)", name.strip())
        ]
        given = ".".join(parts)
        whole = given == name.strip().replace("`", "") and name.count("`") % 2 == 0
        if not 1 <= len(parts) <= 3 or not whole:
            raise UnityCatalogError(
                f"'{name}' is not a table name: give catalog.schema.table, schema.table or table."
            )
        levels = [catalog, schema][: 3 - len(parts)] + parts
        return cls(*(valid_name(level, name) for level in levels))

    def __str__(self) -> str:
        return f"{self.catalog}.{self.schema}.{self.table}"

    @property
    def quoted(self) -> str:
        """The name as it stands in SQL."""
        return ".".join(f"`{level}`" for level in (self.catalog, self.schema, self.table))


def valid_name(level: str, name: str) -> str:
    level = level.lower()
    if not re.fullmatch(r"[^./\\\x00-\x20\x7f]{1,255}", level):
        raise UnityCatalogError(
            f"'{name}' is not a valid name: '{level}' must have 1 to 255 characters, and no period, "
            "slash, space or control character.",
            condition="INVALID_PARAMETER_VALUE",
        )
    return level
