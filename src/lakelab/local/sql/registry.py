"""Which function runs which statement of Unity Catalog and Delta.

A handler is registered by the class of the statement's node: `HANDLERS` of each module of
:mod:`lakelab.local.sql.statements`. It takes the session and the node, and returns the columns that Databricks
documents, or None for an empty result.

Follows https://docs.databricks.com/aws/en/sql/language-manual/

Tested in ``tests/local/sql/test_run.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakelab.local.sql.handlers import Handlers, RunOnEngine
from lakelab.local.sql.results import empty_result
from lakelab.local.sql.statements import (
    alter_column,
    alter_table,
    analyze,
    cache,
    clone,
    cluster_by,
    comment,
    constraint,
    create_function,
    create_table,
    describe,
    describe_query,
    drop_table,
    execute_immediate,
    function,
    grant,
    history,
    optimize,
    owner,
    properties,
    restore,
    schema,
    settings,
    show,
    show_create_table,
    show_partitions,
    tags,
    truncate,
    use,
    vacuum,
    variable,
    view,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session

HANDLERS: Handlers = {
    **alter_column.HANDLERS,
    **alter_table.HANDLERS,
    **analyze.HANDLERS,
    **cache.HANDLERS,
    **clone.HANDLERS,
    **cluster_by.HANDLERS,
    **comment.HANDLERS,
    **constraint.HANDLERS,
    **create_function.HANDLERS,
    **create_table.HANDLERS,
    **describe.HANDLERS,
    **describe_query.HANDLERS,
    **drop_table.HANDLERS,
    **execute_immediate.HANDLERS,
    **function.HANDLERS,
    **grant.HANDLERS,
    **history.HANDLERS,
    **optimize.HANDLERS,
    **owner.HANDLERS,
    **properties.HANDLERS,
    **restore.HANDLERS,
    **schema.HANDLERS,
    **settings.HANDLERS,
    **show.HANDLERS,
    **show_create_table.HANDLERS,
    **show_partitions.HANDLERS,
    **tags.HANDLERS,
    **truncate.HANDLERS,
    **use.HANDLERS,
    **vacuum.HANDLERS,
    **variable.HANDLERS,
    **view.HANDLERS,
}
"""Class of a statement's node -> the function that runs the statement."""


def run_node(session: Session, node: Any) -> DataFrame | None:
    """Run a statement by the class of its node; return None if the engine runs the statement.

    Parameters
    ----------
    session : Session
    node : sqlglot.exp.Expr or None
        The tree of the statement.

    Raises
    ------
    UnityCatalogError
        If Unity Catalog or Delta would refuse it.
    """
    handler = HANDLERS.get(type(node))
    if handler is None:
        return None
    try:
        result = handler(session, node)
    except RunOnEngine:
        return None
    return empty_result(session) if result is None else result
