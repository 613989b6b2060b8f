"""The names of Unity Catalog: three levels, in lower case.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-names
"""

from __future__ import annotations

from dataclasses import dataclass

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import ApiError, UnityCatalogError

_MAX_LEVEL = 255
_FORBIDDEN = frozenset("./\\")
_SPACE, _DELETE = ord(" "), "\x7f"

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
        parts = split_levels(name.strip())
        if parts is None or not 1 <= len(parts) <= 3:
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


def split_levels(name: str) -> list[str] | None:
    """Split a name at its periods, those in backticks excepted; None if it is not a name.

    Examples
    --------
    >>> split_levels("main.`air.port`.t"), split_levels("a``b"), split_levels("`a"), split_levels("a..b")
    (['main', 'air.port', 't'], None, None, None)
    """
    levels, rest = [], name
    while True:
        if rest.startswith("`"):
            level, end, rest = rest[1:].partition("`")
            while rest.startswith("`"):  # two backticks stand for one
                more, end, rest = rest[1:].partition("`")
                level += "`" + more
            if not end:
                return None
        else:
            place = rest.find(".")
            level, rest = (rest, "") if place < 0 else (rest[:place], rest[place:])
            if "`" in level:
                return None
        levels.append(level)
        if not level or (rest and not rest.startswith(".")):
            return None
        if not rest:
            return levels
        rest = rest[1:]


def is_level(level: str) -> bool:
    """Return whether Unity Catalog allows one level of a name.

    Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-names

    Examples
    --------
    >>> is_level("air-port"), is_level("a b"), is_level("a.b"), is_level("")
    (True, False, False, False)
    """
    return 1 <= len(level) <= _MAX_LEVEL and not any(
        c in _FORBIDDEN or ord(c) <= _SPACE or c == _DELETE for c in level
    )


def valid_name(level: str, name: str) -> str:
    """Check one level of a name, and return the level in lower case.

    Raises
    ------
    UnityCatalogError
        If Unity Catalog does not allow the level; the message shows the whole name.
    """
    level = level.lower()
    if not is_level(level):
        raise UnityCatalogError(
            f"'{name}' is not a valid name: '{level}' must have 1 to 255 characters, and no period, "
            "slash, space or control character.",
            condition=conditions.INVALID_PARAMETER_VALUE,
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
    rule = _is_model_level if kind == "Registered model" else is_level
    if len(parts) == levels and all(map(rule, parts)):
        return parts
    expected = ".".join(["catalog_name", "schema_name", "object_name"][:levels])
    raise ApiError(
        conditions.INVALID_PARAMETER_VALUE,
        f"{kind} name '{name}' is not valid: expected {expected}, each of 1 to 255 characters "
        "without period, space, slash or control character.",
    )


def _is_model_level(level: str) -> bool:
    # MLflow also refuses a colon
    return is_level(level) and ":" not in level and not any(map(str.isspace, level))


def model_name(name: str) -> str:
    """Check the three levels of a model's name, and return the name in lower case.

    The words "specify all three levels" are those of Databricks: because of them MLflow's client adds
    the hint about the legacy workspace registry.
    """
    parts = name.lower().split(".")
    if len(parts) != 3:
        raise ApiError(
            conditions.INVALID_PARAMETER_VALUE,
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
