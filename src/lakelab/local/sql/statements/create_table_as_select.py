"""``CREATE TABLE ... AS SELECT``: the rows of a query are written as a DataFrame is written.

If the engine ran the statement, it would keep the columns of a replaced table, and make columns without
nulls NOT NULL.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-create-table-using
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from sqlglot import exp

from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.store import table_already_exists
from lakelab.local.delta.statistics import NO_STATISTICS
from lakelab.local.sql.dialect import to_sql
from lakelab.local.sql.rewrites.steps import rewrite_for_engine

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def can_write_query(statement: exp.Create) -> bool:
    """Return whether :func:`write_query` and its caller know all clauses of a statement.

    Examples
    --------
    >>> from lakelab.local.sql.dialect import parse
    >>> text = "CREATE TABLE t {} AS SELECT 1 AS a"
    >>> clauses = ("USING delta COMMENT 'c'", "USING csv")
    >>> [can_write_query(parse(text.format(c)).tree) for c in clauses]
    [True, False]
    """
    known = (exp.PartitionedByProperty, exp.SchemaCommentProperty)
    properties = statement.args.get("properties")
    return not isinstance(statement.this, exp.Schema) and all(
        type(node) is exp.Property
        or isinstance(node, known)
        or (isinstance(node, exp.FileFormatProperty) and node.this.name.upper() == "DELTA")
        for node in (properties.expressions if properties else ())
    )


def create_from_query(
    session: Session,
    statement: exp.Create,
    name: TableName,
    properties: dict[str, str],
    comment: str | None,
) -> bool:
    """Create a table from the query of a statement; return whether this call created it.

    Parameters
    ----------
    session : Session
    statement : sqlglot.exp.Create
    name : TableName
    properties : dict of str to str
        The properties to store.
    comment : str or None

    Returns
    -------
    bool
        False if another notebook created the table meanwhile, and the statement has ``IF NOT EXISTS``.

    Raises
    ------
    UnityCatalogError
        If another notebook created the table meanwhile, and the statement has no ``IF NOT EXISTS``.
    """
    replace = bool(statement.args.get("replace"))
    with session.unity.locked(name):
        if session.unity.exists(name) and not replace:
            if statement.args.get("exists"):
                return False
            raise table_already_exists(name)
        write_query(session, statement, name, "overwrite" if replace else "error")
        if properties != NO_STATISTICS or comment is not None:  # the writer has set these
            operation = "CREATE TABLE AS SELECT"
            session.unity.table(name).replace_metadata(comment, properties, operation)
    return True


def write_query(
    session: Session,
    statement: exp.Create,
    name: TableName,
    mode: Literal["error", "overwrite"],
) -> None:
    """Write the rows of a statement's query to a table, with the columns of the query."""
    frame = session.engine_sql(rewrite_for_engine(session, to_sql(statement.expression)))
    writer = frame.write.format("delta").mode(mode).option("overwriteSchema", "true")
    if partitioning := statement.find(exp.PartitionedByProperty):
        writer = writer.partitionBy(*(column.name for column in partitioning.this.expressions))
    writer.saveAsTable(name.quoted)


def extract_comment(statement: exp.Create) -> str | None:
    """Remove the comment from a statement with a query and return it: the engine does not know both.

    Examples
    --------
    >>> from lakelab.local.sql.dialect import parse
    >>> statement = parse("CREATE TABLE t COMMENT 'c' AS SELECT 1").tree.copy()
    >>> extract_comment(statement), extract_comment(statement)
    ('c', None)
    """
    properties = statement.args.get("properties")
    comment = properties.find(exp.SchemaCommentProperty) if properties else None
    if comment is None or not statement.expression:
        return None
    comment.pop()
    return str(comment.this.name)
