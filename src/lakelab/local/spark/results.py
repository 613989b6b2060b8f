"""Results that were computed outside the engine, as DataFrames: the engine reads them as Parquet files."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from lakelab.local.spark.canonical_nan import canonical_table
from lakelab.local.system.home import Home

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


class SessionWithHome(Protocol):
    """A Spark session with a folder for scratch files."""

    home: Home

    @property
    def read(self) -> Any: ...


def as_dataframe(session: SessionWithHome, table: pa.Table) -> DataFrame:
    """Return rows as a DataFrame that reads them from a file, so that plans stay small.

    Parameters
    ----------
    session : LocalSparkSession
    table : pyarrow.Table
        The rows.

    Returns
    -------
    DataFrame
        The rows in their order; all columns are nullable, as in Spark for files.
    """
    path = session.home.scratch / f"{uuid.uuid4().hex}.parquet"
    nullable = pa.schema([field.with_nullable(True) for field in table.schema])
    # The engine reads one row group in one piece, so the rows keep their order. A dictionary of numbers is
    # as long as the numbers, and takes most of the time to write.
    pq.write_table(
        canonical_table(table).cast(nullable),
        path,
        row_group_size=max(len(table), 1),
        compression="lz4",
        use_dictionary=[field.name for field in table.schema if pa.types.is_string(field.type)],
    )
    frame: DataFrame = session.read.parquet(str(path))
    return frame
