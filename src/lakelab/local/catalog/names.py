"""The names of Unity Catalog: three levels, in lower case.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-names
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lakelab.local.catalog.errors import ApiError, UnityCatalogError

HIVE_METASTORE = "hive_metastore"
"""The catalog that is not part of Unity Catalog: see :mod:`lakelab.local.catalog.hive_metastore`."""


@dataclass(frozen=True, order=True)
class TableName:
    """A three-level name, in lower case as Unity Catalog stores it.

    Examples
    --------
    >>> TableName.parse("Weather", catalog="main", schema="flights")
    TableName(catalog='main', schema='flights', table='weather')
    >>> str(TableName.parse("main.flights.`air-port`"))
    'main.flights.air-port'
    >>> TableName.parse("a.b.c.d", catalog="main", schema="flights")
    Traceback (most recent call last):
    ...
    lakelab.local.catalog.errors.UnityCatalogError: 'a.b.c.d' is not a table name: give \
catalog.schema.table, schema.table or table.
    """

    catalog: str
    schema: str
    table: str

    @classmethod
    def parse(cls, name: str, *, catalog: str = "", schema: str = "") -> TableName:
        """Parse a name of one to three levels; the current catalog and schema complete it.

        Raises
        ------
        UnityCatalogError
            If this is not a table name.
        """
        parts = [
            quoted or plain for quoted, plain in re.findall(r"`([^`]+)`|([^.`]+)", name.strip())
        ]
        unquoted = ".".join(parts)
        whole = unquoted == name.strip().replace("`", "") and name.count("`") % 2 == 0
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
        """The name as SQL text, with each level in backticks."""
        return ".".join(f"`{level}`" for level in (self.catalog, self.schema, self.table))


def valid_name(level: str, name: str) -> str:
    """Check one level of a name, and return the level in lower case.

    Raises
    ------
    UnityCatalogError
        If Unity Catalog does not allow the level; the message shows the whole name.
    """
    level = level.lower()
    if not _LEVEL.fullmatch(level):
        raise UnityCatalogError(
            f"'{name}' is not a valid name: '{level}' must have 1 to 255 characters, and no period, "
            "slash, space or control character.",
            condition="INVALID_PARAMETER_VALUE",
        )
    return level


def split_name(name: str, levels: int, kind: str) -> tuple[str, ...]:
    """Split a full name into its levels, in lower case as Unity Catalog stores them.

    Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-names

    Examples
    --------
    >>> split_name("Main.Flights", 2, "Schema")
    ('main', 'flights')
    >>> split_name("main", 2, "Schema")
    Traceback (most recent call last):
    ...
    lakelab.local.catalog.errors.ApiError: Schema name 'main' is not valid: expected \
catalog_name.schema_name, each of 1 to 255 characters without period, space, slash or control \
character.
    """
    parts = tuple(name.lower().split("."))
    rule = _MODEL_LEVEL if kind == "Registered model" else _LEVEL
    if len(parts) == levels and all(rule.fullmatch(part) for part in parts):
        return parts
    expected = ".".join(["catalog_name", "schema_name", "object_name"][:levels])
    raise ApiError(
        "INVALID_PARAMETER_VALUE",
        f"{kind} name '{name}' is not valid: expected {expected}, each of 1 to 255 characters "
        "without period, space, slash or control character.",
    )


_LEVEL = re.compile(r"[^./\\\x00-\x20\x7f]{1,255}")
_MODEL_LEVEL = re.compile(r"[^./\\:\s\x00-\x1f\x7f]{1,255}")  # MLflow also refuses a colon


def model_name(name: str) -> str:
    """Check the three levels of a model's name, and return the name in lower case.

    The words "specify all three levels" are those of Databricks: because of them MLflow's client adds
    the hint about the legacy workspace registry.
    """
    parts = name.lower().split(".")
    if len(parts) != 3:
        raise ApiError(
            "INVALID_PARAMETER_VALUE",
            f"Registered model name '{name}' is not valid. Please specify all three levels of the "
            "model in the form `catalog_name.schema_name.model_name`.",
        )
    return ".".join(split_name(name, 3, "Registered model"))


def quoted(name: str) -> str:
    """Quote the name of a column or constraint for SQL.

    Examples
    --------
    >>> quoted("wind gust")
    '`wind gust`'
    """
    from sqlglot import exp

    return exp.to_identifier(name, quoted=True).sql("databricks")
