"""Rows of the tests of SQL statements: a statement, its result and its effect, or its error.

Each module of ``lakelab.local.sql.statements`` has a test module with the rows of its statements. ``{s}`` in a
row is a fresh schema of ``main``, which is the current one and has the tables of ``TABLES``; ``{schema}`` is
its name without the catalog.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from typing import Any

import pytest
from pyspark.errors import PySparkException

from lakelab.local.catalog.securable import Securable
from lakelab.local.sql.dialect import LocalDatabricks

TABLES = {
    "t": (
        "CREATE TABLE t (id BIGINT NOT NULL COMMENT 'which', ts TIMESTAMP NOT NULL, x DOUBLE, "
        "CONSTRAINT t_pk PRIMARY KEY (id, ts TIMESERIES)) COMMENT 'about t' "
        "TBLPROPERTIES ('team' = 'ml')",
        "INSERT INTO t VALUES (1, TIMESTAMP '2013-01-01 10:00:00', 1.5)",
        "INSERT INTO t VALUES (2, TIMESTAMP '2013-01-01 11:00:00', 2.5)",
    ),
    "n": (
        "CREATE TABLE n (a INT, b STRING)",
        "INSERT INTO n VALUES (1, 'one'), (2, NULL)",
    ),
}
BEN = "ben@example.com"
CHECK = "spark.databricks.delta.retentionDurationCheck.enabled"
AFFECTED_ROWS = "num_affected_rows num_inserted_rows"
ALLOW_DEFAULTS = (
    "ALTER TABLE n SET TBLPROPERTIES ('delta.feature.allowColumnDefaults' = 'supported')"
)
NO_TABLE, NO_COLUMN = "TABLE_OR_VIEW_NOT_FOUND", "UNRESOLVED_COLUMN.WITH_SUGGESTION"
NO_SCHEMA, NO_CATALOG = "SCHEMA_NOT_FOUND", "NO_SUCH_CATALOG_EXCEPTION"
INVALID = "INVALID_PARAMETER_VALUE"


class _Any:
    """Equal to any value."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None


ANY = _Any()


@dataclass(frozen=True)
class Row:
    """One statement, its result and its effect.

    Attributes
    ----------
    sql : str
    columns : str
        The names of the result's columns.
    rows : list of tuple, optional
        The rows of the result, in any order; None if they are not compared.
    then : dict
        Queries after the statement, and their rows.
    given : tuple of str
        Statements before it.
    changes : bool
        Whether it changes anything. If not, all such rows use one schema.
    keeps_text : bool
        Whether the effect has text of the statement, with its comments: the row is not disguised.
    """

    sql: str
    columns: str = ""
    rows: list[tuple[Any, ...]] | None = field(default_factory=list)
    then: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    given: tuple[str, ...] = ()
    changes: bool = True
    keeps_text: bool = False


@dataclass(frozen=True)
class Refusal:
    """One statement that is refused: the condition of the error, a pattern of its message, and its class."""

    sql: str
    condition: str | None
    words: str
    error: type[PySparkException] = PySparkException
    given: tuple[str, ...] = ()

    @property
    def changes(self) -> bool:
        return bool(self.given)


# ---- queries of information_schema about one table -------------------------------------------------------
TAGS = (
    "SELECT tag_name, tag_value FROM information_schema.table_tags WHERE schema_name = '{schema}'"
)
COLUMN_TAGS = (
    "SELECT column_name, tag_name, tag_value FROM information_schema.column_tags "
    "WHERE schema_name = '{schema}'"
)


def key_columns(table: str) -> str:
    """Return the query of the columns of a table's primary key."""
    return (
        "SELECT constraint_name, column_name, ordinal_position FROM information_schema.key_column_usage "
        f"WHERE table_schema = '{{schema}}' AND table_name = '{table}'"
    )


def nullable_columns(table: str) -> str:
    """Return the query of the columns of a table, and whether they may be null."""
    return (
        "SELECT column_name, is_nullable FROM information_schema.columns "
        f"WHERE table_schema = '{{schema}}' AND table_name = '{table}'"
    )


def table_comment(table: str) -> str:
    """Return the query of a table's comment."""
    return (
        "SELECT comment FROM information_schema.tables "
        f"WHERE table_schema = '{{schema}}' AND table_name = '{table}'"
    )


# ---- schemas of rows -------------------------------------------------------------------------------------
def create_schema(spark, tables=tuple(TABLES)) -> dict[str, str]:
    """Create a fresh schema with tables; return the values of the names in braces."""
    name = f"s_{uuid.uuid4().hex[:8]}"
    spark.sql(f"CREATE SCHEMA main.{name}")
    spark.sql(f"USE main.{name}")
    for statement in (statement for table in tables for statement in TABLES[table]):
        spark.sql(statement)
    return {"s": f"main.{name}", "schema": name, "check": CHECK, "form": "written"}


def drop_schema(spark, names: dict[str, str]) -> None:
    """Drop a schema, and reset what rows may have changed outside of it."""
    spark.sql(f"SET {CHECK} = true")
    spark.sql("USE main.default")
    for schema in (names["schema"], f"{names['schema']}_more"):
        spark.sql(f"DROP SCHEMA IF EXISTS main.{schema} CASCADE")
    spark.sql(f"DROP TABLE IF EXISTS hive_metastore.default.{names['schema']}")
    spark.unity.governance.remove(Securable("catalog", "dev"))


def tables_of(row: Row | Refusal) -> list[str]:
    """Return the tables of ``TABLES`` that a row names: each takes time to create."""
    words = set(re.findall(r"\w+", str(row)))
    return [name for name in TABLES if name in words]


# ---- disguise ----------------------------------------------------------------------------------------------
_GAPS = (' /* it\'s; "in" */ ', "\n    ", " -- it's; `in`\n")


def disguise(sql: str) -> str:
    """Return a statement with comments, odd case, line breaks and a semicolon.

    Names, strings, bodies of functions, and what has no space in it stay as they are. Keywords are the words in
    capital letters.

    Examples
    --------
    >>> print(disguise("DROP SCHEMA `A B` CASCADE"))
    -- it's; a comment
    /* one; "more" */ dRoP /* it's; "in" */ sChEmA
        `A B` -- it's; `in`
    cAsCaDe -- it's; the end
    ;
    """
    tokens = LocalDatabricks().tokenize(sql)
    parts, end = ['-- it\'s; a comment\n/* one; "more" */ '], tokens[0].start
    for place, token in enumerate(tokens, start=-1):
        gap = sql[end : token.start]
        parts.append(_GAPS[place % len(_GAPS)] if gap.isspace() else gap)
        text = sql[token.start : token.end + 1]
        parts.append(_odd_case(text) if text.isupper() and text.isidentifier() else text)
        end = token.end + 1
    return "".join([*parts, " -- it's; the end\n;"])


def _odd_case(word: str) -> str:
    return "".join(c.upper() if place % 2 else c.lower() for place, c in enumerate(word))


# ---- checks ----------------------------------------------------------------------------------------------
def row_id(row: Row | Refusal) -> str:
    return row.sql[:70]


def check(spark, names: dict[str, str], row: Row) -> None:
    """Run a statement; compare its result, and the results of the queries after it."""
    _run_given(spark, names, row)
    result = spark.sql(_statement(row, names))
    assert result.columns == row.columns.split()
    if row.rows is not None:
        assert _same(rows(result), _fill_in(row.rows, names)), rows(result)
    for query, expected in row.then.items():
        found = rows(spark.sql(_fill_in(query, names)))
        assert _same(found, _fill_in(expected, names)), (query, found)


def check_refused(spark, names: dict[str, str], row: Refusal) -> None:
    """Check that a statement raises the error of a row, and changes nothing."""
    _run_given(spark, names, row)
    before = _state(spark, names)
    words = "" if names["form"] == "disguised" else row.words
    with pytest.raises(row.error, match=f"(?s){words}") as refused:
        spark.sql(_statement(row, names)).collect()
    assert refused.value.getCondition() == row.condition
    if row.condition:
        assert str(refused.value).startswith(f"[{row.condition}] ")
    assert _state(spark, names) == before


def rows(frame) -> list[tuple[Any, ...]]:
    """Return the rows of a DataFrame as tuples."""
    return [tuple(row) for row in frame.collect()]


def _statement(row: Row | Refusal, names: dict[str, str]) -> str:
    sql = _fill_in(row.sql, names)
    if names["form"] == "written" or getattr(row, "keeps_text", False):
        return sql
    return disguise(sql)


def _run_given(spark, names: dict[str, str], row: Row | Refusal) -> None:
    for statement in row.given:
        spark.sql(_fill_in(statement, names))


def _fill_in(value: Any, names: dict[str, str]) -> Any:
    """Return a value, or the values of a list or tuple, with the names in braces filled in."""
    if isinstance(value, str):
        for name, text in names.items():
            value = value.replace(f"{{{name}}}", text)
        return value
    if isinstance(value, (list, tuple)):
        return type(value)(_fill_in(part, names) for part in value)
    return value


def _same(found: list[tuple[Any, ...]], expected: Any) -> bool:
    """Return whether rows are the expected ones, in any order."""
    if expected is ANY:
        return True
    left = list(found)
    for row in expected:
        if row not in left:
            return False
        left.remove(next(other for other in left if other == row))
    return not left


def _state(spark, names: dict[str, str]) -> tuple[Any, ...]:
    """Return what a refused statement must not change."""
    unity = spark.unity
    tables = {}
    for name in unity.tables("main", names["schema"]):
        table = unity.table(name)
        metadata = table.delta.metadata()
        tables[name.table] = (table.fields, table.delta.file_uris(), metadata.configuration)
    current = spark.catalog.currentCatalog(), spark.catalog.currentDatabase()
    governance = spark.home.workspace_state / "governance.json"
    grants = governance.read_text(encoding="utf-8") if governance.exists() else ""
    return tables, current, unity.schemas("main"), unity.catalogs(), grants
