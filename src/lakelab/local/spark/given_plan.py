"""Plans of DataFrames that are messages already.

Tested in ``tests/local/spark/test_plan_values.py``.

Follows https://github.com/apache/spark/blob/master/sql/connect/common/src/main/protobuf/spark/connect/relations.proto
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pyspark.sql.connect.dataframe import DataFrame as ConnectDataFrame
from pyspark.sql.connect.plan import LogicalPlan

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
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
        return ConnectDataFrame(GivenPlan(relation), session).schema  # type: ignore[arg-type]


def frame_of(session: Any, relation: Any) -> DataFrame:
    """Return a DataFrame of a relation.

    Parameters
    ----------
    session : LocalSparkSession
    relation : pyspark.sql.connect.proto.Relation
        It is copied, because it may be replaced.
    """
    message = type(relation)()
    message.CopyFrom(relation)
    return cast("DataFrame", ConnectDataFrame(GivenPlan(message), session))


def replace(session: Any, relation: Any, frame: DataFrame) -> None:
    """Replace a relation by the plan of a DataFrame.

    Parameters
    ----------
    session : LocalSparkSession
    relation : pyspark.sql.connect.proto.Relation
        It is changed, and keeps its number, by which columns refer to it.
    frame : DataFrame
    """
    number = relation.common.plan_id if relation.HasField("common") else None
    plan = cast(ConnectDataFrame, frame)._plan  # noqa: SLF001 - no public way
    relation.CopyFrom(plan.plan(session.client))
    if number is None:
        relation.common.ClearField("plan_id")
    else:
        relation.common.plan_id = number
