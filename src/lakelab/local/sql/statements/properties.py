"""``TBLPROPERTIES`` of a table: in ``CREATE TABLE`` and ``ALTER TABLE``, and ``SHOW TBLPROPERTIES``.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-tblproperties and
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-aux-show-tblproperties
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from lakelab.local.catalog.properties import stored_name
from lakelab.local.catalog.views import Views
from lakelab.local.sql.dialect import to_sql
from lakelab.local.sql.grammar.tables import ShowProperties, UnsetProperties
from lakelab.local.sql.handlers import Handlers
from lakelab.local.sql.securables import is_kept_view

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session


def property_name(node: exp.Property) -> str:
    """Return the name of a property, which a statement has in quotes or as words with dots between them."""
    if isinstance(node.this, exp.Dot):
        return ".".join(part.name for part in node.this.flatten())
    return str(node.this.name)


def property_value(node: exp.Property) -> str:
    """Return the value of a property: text, or a number, true or false without quotes."""
    value = node.args["value"]
    return str(value.name or to_sql(value).lower())


def table_properties(statement: exp.Create) -> dict[str, str]:
    """Return the ``TBLPROPERTIES`` of ``CREATE TABLE``.

    Examples
    --------
    >>> from lakelab.local.sql.dialect import parse
    >>> text = "CREATE TABLE t (a INT) USING delta TBLPROPERTIES ('team' = 'ml', delta.appendOnly = TRUE)"
    >>> table_properties(parse(text).tree)
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
    for node in _property_nodes(statement):
        if stored_name(property_name(node)) == name:
            node.pop()
    if statement.args.get("properties") is None:
        statement.set("properties", exp.Properties(expressions=[]))
    node = exp.Property(this=exp.Literal.string(name), value=exp.Literal.string(value))
    statement.args["properties"].append("expressions", node)


def _property_nodes(statement: exp.Create) -> list[exp.Property]:
    properties = statement.args.get("properties")
    nodes = properties.find_all(exp.Property) if properties else ()
    return [node for node in nodes if type(node) is exp.Property]  # not USING DELTA and the like


def _unset_properties(session: Session, node: UnsetProperties) -> None:
    """Remove properties; Delta ignores those that the table does not have, with or without IF EXISTS."""
    session.unity.table(session.resolve(node.target)).unset_properties(node.args["keys"])


def _show_properties(session: Session, node: ShowProperties) -> DataFrame:
    name = session.resolve(node.target)
    is_view = is_kept_view(session, node.this, name)
    kept = Views(session.unity).get(name) if is_view else session.unity.table(name)
    rows = sorted(kept.properties.items())
    if key := node.args["key"]:
        absent = f"Table {name} does not have property: {key}"
        rows = [(key, kept.properties.get(key, absent))]
    return session.createDataFrame(rows, "key string, value string")


HANDLERS: Handlers = {UnsetProperties: _unset_properties, ShowProperties: _show_properties}
