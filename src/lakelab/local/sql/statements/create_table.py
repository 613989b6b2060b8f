"""``CREATE TABLE`` and ``DROP TABLE``, with what the engine leaves out of them.

The engine makes the tables. What it does not know is taken out of the statement before, and put into
the table's own Delta log: the primary key, and the comment of a table that a query fills.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-create-table-using
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Literal

from pyspark.errors import AnalysisException, PySparkException

from lakelab.local.catalog.constraints import allows_defaults, defaults_not_allowed
from lakelab.local.catalog.errors import NotFoundError, UnityCatalogError
from lakelab.local.catalog.hive_metastore import CONSTRAINTS_NOT_SUPPORTED
from lakelab.local.catalog.names import HIVE_METASTORE, TableName
from lakelab.local.catalog.properties import (
    CLUSTERING,
    COLUMN_TAGS,
    PRIMARY_KEY,
    TAGS,
    check_properties,
    stored_name,
)
from lakelab.local.catalog.store import table_already_exists
from lakelab.local.catalog.table import UnityTable
from lakelab.local.sql.securables import refresh_schema
from lakelab.local.sql.statements.cluster_by import canonical_columns, extract_clustering
from lakelab.local.sql.statements.primary_key import extract_primary_key
from lakelab.local.sql.text import empty_result

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from sqlglot import exp

    from lakelab.local.sql.session import Session

_FILLED = "num_affected_rows bigint, num_inserted_rows bigint"


def create_table(session: Session, statement: exp.Create, text: str) -> DataFrame | None:
    """Make a table; None where the statement makes something else.

    Parameters
    ----------
    session : Session
    statement : sqlglot.exp.Create
        What the statement says.
    text : str
        The statement as it was written: what is not ours in it goes to the engine as it is.

    Raises
    ------
    UnityCatalogError
        If there is one, or its key or properties are none.
    """
    from sqlglot import exp

    target = statement.find(exp.Table)
    if statement.kind != "TABLE" or target is None or statement.find(exp.TemporaryProperty):
        return None
    if any("/" in part.name for part in target.parts):
        return None  # delta.`/path`: the engine knows
    name = session.resolve(".".join(f"`{part.name}`" for part in target.parts))
    session.unity.require_schema(name.catalog, name.schema)
    replaced, there = bool(statement.args.get("replace")), session.unity.exists(name)
    if there and not replaced:
        session.unity.table(name)  # is not there for who may not know of it
        if statement.args.get("exists"):
            return empty_result(session)
        raise table_already_exists(name)
    if not re.fullmatch(r"[a-z0-9_.-]+", str(name)):
        raise UnityCatalogError(
            f"'{name}' is not made: the local engine writes other characters than letters without "
            f"accents, digits, _ and - differently into the names of folders. On Databricks it is a name."
        )
    key = extract_primary_key(statement)
    if key is not None and name.catalog == HIVE_METASTORE:
        raise UnityCatalogError(CONSTRAINTS_NOT_SUPPORTED)
    written = _properties(statement)
    kept = {stored_name(k): v for k, v in written.items()}
    check_properties(kept)
    if statement.find(exp.DefaultColumnConstraint) and not allows_defaults(written):
        raise defaults_not_allowed(f"CREATE {'OR REPLACE ' if replaced else ''}TABLE", name)
    if clustered := extract_clustering(statement):
        there_then = _columns_of(session, statement)
        kept[CLUSTERING] = json.dumps(canonical_columns(clustered, there_then, name))
    if key is not None:
        kept[PRIMARY_KEY] = key.to_json()
    if there:
        kept |= _tags(session.unity.table(name))
    comment = _take_comment(statement)
    if kept != written:
        for k, v in kept.items():
            _set_property(statement, k, v)
    if kept != written or comment is not None:
        text = statement.sql("databricks")
    if there:
        _replace(session, statement, text, name, kept)
    elif statement.expression and _is_plain(statement):
        made = _make_filled(session, statement, name, kept, comment)
        return session.createDataFrame([], _FILLED) if made else empty_result(session)
    else:
        session.engine_sql(text)
    if comment is not None:
        session.unity.table(name).set_comment(comment)
    return session.createDataFrame([], _FILLED) if statement.expression else empty_result(session)


def _columns_of(session: Session, statement: exp.Create) -> list[str]:
    """Name the columns that a table will have."""
    from sqlglot import exp

    if statement.expression:
        return session.engine_sql(statement.expression.sql("databricks")).columns
    return [column.name for column in statement.find_all(exp.ColumnDef)]


def _make_filled(
    session: Session,
    statement: exp.Create,
    name: TableName,
    properties: dict[str, str],
    comment: str | None,
) -> bool:
    """Make a table of a query, and say whether it was made: another notebook may have been first."""
    replaced = bool(statement.args.get("replace"))
    with session.unity.locked(name):
        if session.unity.exists(name) and not replaced:
            if statement.args.get("exists"):
                return False
            raise table_already_exists(name)
        _fill(session, statement, name, "overwrite" if replaced else "error")
        if properties or comment is not None:
            operation = "CREATE TABLE AS SELECT"
            session.unity.table(name).replace_metadata(comment, properties, operation)
    return True


def _replace(
    session: Session,
    statement: exp.Create,
    text: str,
    name: TableName,
    properties: dict[str, str],
) -> None:
    """Replace a table: the engine would keep what the old one had of keys and constraints."""
    with _released(session, session.unity.table(name)):
        if statement.expression:
            _fill(session, statement, name, "overwrite")
        else:
            session.engine_sql(text)
    new = session.unity.table(name)
    operation = "CREATE OR REPLACE TABLE" + (" AS SELECT" if statement.expression else "")
    description = None if statement.expression else new.comment
    new.replace_metadata(description, properties, operation)
    refresh_schema(session, name)


def _tags(table: UnityTable) -> dict[str, str]:
    """Give the tags as they are kept: they stay with a table that is replaced, as its grants do."""
    told = table.delta.metadata().configuration
    return {name: told[name] for name in (TAGS, COLUMN_TAGS) if name in told}


@contextmanager
def _released(session: Session, table: UnityTable) -> Iterator[None]:
    """Let a table take rows that its constraints forbid; where that fails, they are as before."""
    forbidden, checks = [f["name"] for f in table.fields if not f["nullable"]], table.checks
    if forbidden or checks:
        table.suspend_constraints()
    try:
        yield
    except PySparkException:
        if forbidden or checks:
            session.unity.table(table.name).resume_constraints(forbidden, checks)
        raise


def _is_plain(statement: exp.Create) -> bool:
    """Say whether all that a statement tells of a table is what `_fill` and its caller know."""
    from sqlglot import exp

    known = (exp.PartitionedByProperty, exp.SchemaCommentProperty)
    told = statement.args.get("properties")
    return not isinstance(statement.this, exp.Schema) and all(
        type(each) is exp.Property
        or isinstance(each, known)
        or (isinstance(each, exp.FileFormatProperty) and each.this.name.upper() == "DELTA")
        for each in (told.expressions if told else ())
    )


def _fill(
    session: Session,
    statement: exp.Create,
    name: TableName,
    mode: Literal["error", "overwrite"],
) -> None:
    """Write the rows of a query to a table, with their own columns, as a DataFrame is written.

    Of a query the engine keeps the columns of the table that was there, and takes those that have no
    nulls for NOT NULL.
    """
    from sqlglot import exp

    frame = session.engine_sql(statement.expression.sql("databricks"))
    writer = frame.write.format("delta").mode(mode).option("overwriteSchema", "true")
    if parted := statement.find(exp.PartitionedByProperty):
        writer = writer.partitionBy(*(column.name for column in parted.this.expressions))
    writer.saveAsTable(name.quoted)


def _take_comment(statement: exp.Create) -> str | None:
    """Cut the comment out of a table that a query fills: the engine does not know the two together."""
    from sqlglot import exp

    properties = statement.args.get("properties")
    comment = properties.find(exp.SchemaCommentProperty) if properties else None
    if comment is None or not statement.expression:
        return None
    comment.pop()
    return str(comment.this.name)


def property_name(told: exp.Property) -> str:
    """Read the name of a property, which stands in quotes or as words with dots between them."""
    from sqlglot import exp

    if isinstance(told.this, exp.Dot):
        return told.this.sql("databricks").replace("`", "")
    return str(told.this.name)


def property_value(told: exp.Property) -> str:
    """Read the value of a property: text, or a number, true or false without quotes."""
    value = told.args["value"]
    return str(value.name or value.sql("databricks").lower())


def _properties(statement: exp.Create) -> dict[str, str]:
    """Read what ``TBLPROPERTIES`` says."""
    return {property_name(told): property_value(told) for told in _told(statement)}


def _told(statement: exp.Create) -> list[exp.Property]:
    from sqlglot import exp

    properties = statement.args.get("properties")
    found = properties.find_all(exp.Property) if properties else ()
    return [told for told in found if type(told) is exp.Property]  # not USING DELTA and the like


def _set_property(statement: exp.Create, name: str, value: str) -> None:
    """Set a property under the name that it is kept under, instead of the one that was written."""
    from sqlglot import exp

    for told in _told(statement):
        if stored_name(property_name(told)) == name:
            told.pop()
    if statement.args.get("properties") is None:
        statement.set("properties", exp.Properties(expressions=[]))
    statement.args["properties"].append(
        "expressions", exp.Property(this=_text(name), value=_text(value))
    )


def _text(value: str) -> exp.Expr:
    from sqlglot import exp

    return exp.Literal.string(value)


def drop_table(session: Session, statement: exp.Drop, text: str) -> DataFrame | None:
    """Remove a table; None for a view, or nothing: the engine knows what to say."""
    if statement.kind != "TABLE":
        return None
    target = (statement.args.get("tables") or [statement.this])[0]
    name = session.resolve(".".join(f"`{part.name}`" for part in target.parts))
    if not session.unity.exists(name):
        try:
            session.engine_sql(text)  # a view, or nothing
        except AnalysisException:
            session.unity.require_table(name)  # says what is there instead
            raise
        return empty_result(session)
    with suppress(NotFoundError) if statement.args.get("exists") else nullcontext():
        session.unity.drop_table(name)  # another notebook may be first
    return empty_result(session)
