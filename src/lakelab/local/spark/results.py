"""What lakelab computed beside the engine, as a DataFrame: a Parquet file that the engine reads."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.spark.session import LocalSparkSession


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
    return session.read.parquet(str(path))
