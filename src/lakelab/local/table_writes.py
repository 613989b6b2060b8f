"""What a table keeps when `DataFrameWriter` writes it: NOT NULL columns, and the comment it is made with.

Sail replaces the schema of a table that is overwritten, so that its columns may be null afterwards, and
passes over ``.option("comment", ...)``. On Databricks an overwrite without ``overwriteSchema`` keeps the
table's constraints, and refuses rows that break them.

Follows https://docs.databricks.com/aws/en/delta/selective-overwrite and
https://docs.databricks.com/aws/en/tables/constraints
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql.connect import proto

from lakelab.local.unity_errors import UnityCatalogError
from lakelab.local.unity_names import TableName

if TYPE_CHECKING:
    from lakelab.local.spark import LocalSparkSession


def watch_writes(session: LocalSparkSession) -> None:
    """Let writes of a session keep what Databricks keeps."""
    client: Any = session.client
    execute = client.execute_command

    def execute_command(command: Any, *args: Any, **kwargs: Any) -> Any:
        if not command.HasField("write_operation") or not command.write_operation.HasField("table"):
            return execute(command, *args, **kwargs)
        write = command.write_operation
        try:
            name = session.resolve(write.table.table_name)
        except UnityCatalogError:  # no name of a table: the engine says so
            return execute(command, *args, **kwargs)
        before = _promises(session, write, name)
        try:
            answer = execute(command, *args, **kwargs)
        except PySparkException:
            if before and before[1]:  # the engine has taken the schema of what it refused
                session.register_anew(name)
            raise
        if before is None:
            if (comment := write.options.get("comment")) and session.unity.exists(name):
                session.unity.table(name).set_comment(comment)
        else:
            _keep(session, name, *before)
        return answer

    client.execute_command = execute_command


def _promises(
    session: LocalSparkSession, write: Any, name: TableName
) -> tuple[int, list[str]] | None:
    """Give version and NOT NULL columns of the table; None where it is about to be made."""
    if not session.unity.exists(name):
        return None
    table = session.unity.table(name)
    overwritten = write.mode == proto.WriteOperation.SaveMode.SAVE_MODE_OVERWRITE
    if not overwritten or write.options.get("overwriteSchema", "").lower() == "true":
        return table.version, []
    return table.version, [field["name"] for field in table.fields if not field["nullable"]]


def _keep(session: LocalSparkSession, name: TableName, version: int, not_null: list[str]) -> None:
    if not not_null:
        return
    for column in not_null:
        table = session.unity.table(name)
        if not table.field(column)["nullable"]:
            continue
        try:
            table.set_not_null(column)
        except UnityCatalogError as error:
            table.delta.restore(version)  # as it was: the write is refused
            session.register_anew(name)
            raise AnalysisException(
                message=f"[DELTA_NOT_NULL_CONSTRAINT_VIOLATED] NOT NULL constraint violated for "
                f"column: {column}. The write would put nulls into it; nothing was written."
            ) from error
    session.register_anew(name)
