"""Plans of DataFrames that are messages already.

Tested in ``tests/local/spark/test_plan_values.py``.

Follows https://github.com/apache/spark/blob/master/sql/connect/common/src/main/protobuf/spark/connect/relations.proto
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyspark.sql.connect.dataframe import DataFrame
from pyspark.sql.connect.plan import LogicalPlan

if TYPE_CHECKING:
    from pyspark.sql.types import StructType

    from lakelab.local.sql.session import Session


class GivenPlan(LogicalPlan):
    """A plan that is a message already.

    Parameters
    ----------
    relation : pyspark.sql.connect.proto.Relation
    """

    def __init__(self, relation: Any):
        super().__init__(None)
        self._relation = relation

    def plan(self, session: Any) -> Any:
        """Return the message."""
        return self._relation


def plan_schema(session: Session, relation: Any) -> StructType:
    """Return the columns of a relation that needs no step of the client any more.

    Parameters
    ----------
    session : Session
    relation : pyspark.sql.connect.proto.Relation

    Raises
    ------
    pyspark.errors.PySparkException
        If the engine cannot analyze it.
    """
    with session.internal_queries():
        return DataFrame(GivenPlan(relation), session).schema  # type: ignore[arg-type]
