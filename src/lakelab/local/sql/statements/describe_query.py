"""``DESCRIBE QUERY``: the columns of a query, which is not run.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-aux-describe-query
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakelab.local.sql.grammar.metadata import DescribeQuery
from lakelab.local.sql.handlers import Handlers
from lakelab.local.sql.statements.query import prepare_query

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session


def _describe_query(session: Session, node: DescribeQuery) -> DataFrame:
    schema = session.engine_sql(prepare_query(session, node.args["query"])).schema
    rows = [
        (field.name, field.dataType.simpleString(), (field.metadata or {}).get("comment"))
        for field in schema.fields
    ]
    return session.createDataFrame(rows, "col_name string, data_type string, comment string")


HANDLERS: Handlers = {DescribeQuery: _describe_query}
