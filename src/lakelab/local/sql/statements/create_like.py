"""``CREATE TABLE ... LIKE``: a new empty table with the definition of another one.

The columns with their comments and defaults, NOT NULL and CHECK constraints, partitioning, clustering, the comment
and the properties are copied; the primary key and the tags are not.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-create-table-like
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from deltalake import DeltaTable, Schema

from lakelab.local.catalog.constraints import without_checks
from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.properties import (
    COLUMN_TAGS,
    PRIMARY_KEY,
    TAGS,
    check_properties,
    stored_name,
    without,
)
from lakelab.local.catalog.table import UnityTable
from lakelab.local.catalog.views import UnityView, Views
from lakelab.local.delta.statistics import NO_STATISTICS

if TYPE_CHECKING:
    from lakelab.local.sql.session import Session


def create_like(
    session: Session, name: TableName, source: TableName, properties: dict[str, str]
) -> None:
    """Create an empty table with the definition of another one.

    Parameters
    ----------
    session : Session
    name : TableName
        The new table.
    source : TableName
        The table whose definition is copied.
    properties : dict of str to str
        Properties that the new table has beside those of the source, or instead of them.

    Raises
    ------
    NotFoundError
        If the source does not exist.
    AlreadyExistsError
        If the new table exists.
    """
    check_properties(properties)
    if session.unity.is_view(source):
        _create_like_view(session, name, Views(session.unity).get(source), properties)
        return
    table = session.unity.table(source)
    configuration = without(table.configuration, (PRIMARY_KEY, TAGS, COLUMN_TAGS))
    configuration |= {stored_name(key): value for key, value in properties.items()}
    with session.unity.staged(name) as folder:
        DeltaTable.create(
            folder,
            Schema.from_json(json.dumps({"type": "struct", "fields": table.fields})),
            description=table.comment,
            partition_by=table.delta.metadata().partition_columns or None,
            configuration=without_checks(configuration),
            raise_if_key_not_exists=False,  # Delta does not define the properties of Unity Catalog
        )
        created = UnityTable(name, folder)
        for check, condition in table.checks.items():
            created.add_check(check, condition)


def _create_like_view(
    session: Session, name: TableName, view: UnityView, properties: dict[str, str]
) -> None:
    """Create an empty table with the columns of a view."""
    fields = [
        {
            "name": column.name,
            "type": column.type_json,
            "nullable": True,
            "metadata": {"comment": column.comment} if column.comment else {},
        }
        for column in view.columns
    ]
    with session.unity.staged(name) as folder:
        DeltaTable.create(
            folder,
            Schema.from_json(json.dumps({"type": "struct", "fields": fields})),
            configuration={stored_name(key): value for key, value in properties.items()}
            | NO_STATISTICS,
            raise_if_key_not_exists=False,
        )
