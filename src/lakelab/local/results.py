"""What lakelab computed beside the engine, as a DataFrame: a Parquet file that the engine reads.

Whoever fetches such a DataFrame as it is, by ``toPandas``, ``toArrow`` or ``collect``, gets the file
itself: the engine would send the same rows in small batches, which takes ten times as long.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.spark import LocalSparkSession


def as_dataframe(session: LocalSparkSession, table: pa.Table) -> DataFrame:
    """Hand a result to Spark as a file, so that nothing large travels in a plan.

    Parameters
    ----------
    session : LocalSparkSession
    table : pyarrow.Table
        The rows.

    Returns
    -------
    DataFrame
        The rows in their order; as Spark has it of files, any column may be null.
    """
    path = session.home.scratch / f"{uuid.uuid4().hex}.parquet"
    nullable = pa.schema([field.with_nullable(True) for field in table.schema])
    # One row group: the engine reads it in one piece, so the rows keep their order. Of numbers a
    # dictionary is as long as they are, and takes most of the time to write.
    pq.write_table(
        table.cast(nullable),
        path,
        row_group_size=max(len(table), 1),
        compression="lz4",
        use_dictionary=[field.name for field in table.schema if pa.types.is_string(field.type)],
    )
    session.results.add(str(path))
    return session.read.parquet(str(path))


def fetch_results_directly(session: LocalSparkSession) -> None:
    """Let a session fetch its own results from their files."""
    from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

    client: Any = session.client
    execute = client._execute_and_fetch

    def execute_and_fetch(request: Any, *args: Any, **kwargs: Any) -> Any:
        path = _whole_file(request.plan)
        if path not in session.results or not Path(path).is_file():
            return execute(request, *args, **kwargs)
        table = pq.read_table(path)
        # the types that the engine gives: one kind of string, as Spark has it
        schema = from_arrow_schema(table.schema, prefer_timestamp_ntz=True)
        plain = to_arrow_schema(schema, timezone="UTC")
        return table.cast(plain), schema, [], [], {}

    client._execute_and_fetch = execute_and_fetch


def _whole_file(plan: Any) -> str:
    """Give the path of the Parquet file that a plan reads and hands on as it is, or nothing."""
    source = plan.root.read.data_source
    plain = (
        plan.root.WhichOneof("rel_type") == "read"
        and source.format == "parquet"
        and len(source.paths) == 1
        and not source.schema
        and not source.options
        and not source.predicates
        and not plan.root.read.is_streaming
    )
    return source.paths[0] if plain else ""
