"""``TBLPROPERTIES`` of a table: in ``CREATE TABLE`` and ``ALTER TABLE``, and ``SHOW TBLPROPERTIES``.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-tblproperties and
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-aux-show-tblproperties
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lakelab.local.catalog.errors import NotFoundError
from lakelab.local.catalog.properties import stored_name
from lakelab.local.sql.text import (
    LEVELS,
    QUALIFIED_NAME,
    STRING,
    parse_string,
    split_name,
    statement_pattern,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from sqlglot import exp

    from lakelab.local.sql.session import Session


def property_name(node: exp.Property) -> str:
    """Return the name of a property, which a statement has in quotes or as words with dots between them."""
    from sqlglot import exp

    if isinstance(node.this, exp.Dot):
        return node.this.sql("databricks").replace("`", "")
    return str(node.this.name)


def property_value(node: exp.Property) -> str:
    """Return the value of a property: text, or a number, true or false without quotes."""
    value = node.args["value"]
    return str(value.name or value.sql("databricks").lower())


def table_properties(statement: exp.Create) -> dict[str, str]:
    """Return the ``TBLPROPERTIES`` of ``CREATE TABLE``.

    Examples
    --------
    >>> import sqlglot
    >>> text = "CREATE TABLE t (a INT) USING delta TBLPROPERTIES ('team' = 'ml', delta.appendOnly = TRUE)"
    >>> table_properties(sqlglot.parse_one(text, dialect="databricks"))
    {'team': 'ml', 'delta.appendOnly': 'true'}
    """
    return {property_name(node): property_value(node) for node in _property_nodes(statement)}


def set_table_property(statement: exp.Create, name: str, value: str) -> None:
    """Set a property of ``CREATE TABLE`` under its stored name, instead of the name in the statement.

    Parameters
    ----------
    statement : sqlglot.exp.Create
        The statement, which is changed.
    name : str
        The stored name (see :func:`lakelab.local.catalog.properties.stored_name`).
    value : str
    """
    from sqlglot import exp

    for node in _property_nodes(statement):
        if stored_name(property_name(node)) == name:
            node.pop()
    if statement.args.get("properties") is None:
        statement.set("properties", exp.Properties(expressions=[]))
    node = exp.Property(this=exp.Literal.string(name), value=exp.Literal.string(value))
    statement.args["properties"].append("expressions", node)


def _property_nodes(statement: exp.Create) -> list[exp.Property]:
    from sqlglot import exp

    properties = statement.args.get("properties")
    nodes = properties.find_all(exp.Property) if properties else ()
    return [node for node in nodes if type(node) is exp.Property]  # not USING DELTA and the like


def _unset_properties(session: Session, match: re.Match[str]) -> None:
    table = session.unity.table(session.resolve(match["name"]))
    keys = [parse_string(text) for text in re.findall(STRING, match["list"])]
    keys += [key for key in re.findall(r"[\w.]+", re.sub(STRING, "", match["list"])) if key]
    absent = [key for key in keys if key not in table.properties]
    if absent and not match["exists"]:
        raise NotFoundError(
            f"Cannot unset non-existent properties [{', '.join(absent)}] in table '{table.name}'. It "
            f"has: {', '.join(table.properties) or 'none'}.",
            condition="UNSET_NONEXISTENT_PROPERTIES",
            sql_state="42K0J",
        )
    table.unset_properties(keys)


def _show_properties(session: Session, match: re.Match[str]) -> DataFrame:
    table = session.unity.table(session.resolve(match["name"]))
    rows = sorted(table.properties.items())
    if text := match["key"]:
        key = parse_string(text) if text[0] in "'\"" else ".".join(split_name(text))
        absent = f"Table {table.name} does not have property: {key}"
        rows = [(key, table.properties.get(key, absent))]
    return session.createDataFrame(rows, "key string, value string")


STATEMENTS = [
    (
        statement_pattern(
            rf"ALTER TABLE {QUALIFIED_NAME} UNSET TBLPROPERTIES(?P<exists> IF EXISTS)?"
            r"\s*\((?P<list>.*)\)"
        ),
        _unset_properties,
    ),
    (
        statement_pattern(
            rf"SHOW TBLPROPERTIES {QUALIFIED_NAME}(?:\s*\(\s*(?P<key>{STRING}|{LEVELS})\s*\))?"
        ),
        _show_properties,
    ),
]
