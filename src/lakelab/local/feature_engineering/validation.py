"""Checks that several calls use. The error types are those of the official client."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql.types import StructType

SUPPORTED_TYPES = frozenset(
    "array binary boolean date decimal double float integer long map short string struct "  # noqa: SIM905
    "timestamp".split()
)
"""Spark types of feature table columns, by ``typeName()``."""


def as_list(value: Any) -> list[Any]:
    """Return a list for a single value, a list, or None.

    Examples
    --------
    >>> as_list("origin"), as_list(["origin", "ts"]), as_list(None)
    (['origin'], ['origin', 'ts'], [])
    """
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def quoted(names: Iterable[str]) -> str:
    """Format names for an error message.

    Examples
    --------
    >>> quoted(["origin", "ts"])
    "'origin', 'ts'"
    """
    return ", ".join(f"'{name}'" for name in names)


def require_unique(names: Sequence[str], what: str) -> None:
    """Raise if a name occurs twice; ``what`` is the kind of the names in the message.

    Examples
    --------
    >>> require_unique(["a", "b", "a"], "label names")
    Traceback (most recent call last):
    ...
    ValueError: Found duplicate label names 'a'. Name each once.
    """
    duplicates = [name for name, count in Counter(names).items() if count > 1]
    if duplicates:
        raise ValueError(f"Found duplicate {what} {quoted(duplicates)}. Name each once.")


def require_no_kwargs(kwargs: dict[str, Any], method: str) -> None:
    """Raise ``TypeError`` if unknown keyword arguments are left."""
    if kwargs:
        raise TypeError(f"{method}() got unexpected keyword argument(s): {list(kwargs)}")


def require_spark_dataframe(df: Any) -> None:
    """Raise if ``df`` is not a Spark DataFrame, for example if it is a pandas DataFrame."""
    from pyspark.sql import DataFrame

    if not isinstance(df, DataFrame):
        raise ValueError(
            f"Unsupported DataFrame type: {type(df)}. Give a PySpark DataFrame; "
            f"spark.createDataFrame(...) makes one from pandas."
        )


def require_batch(df: Any, method: str) -> None:
    """Raise if ``df`` is streaming, because the local engine has no Structured Streaming."""
    if df.isStreaming:
        raise NotImplementedError(
            f"{method} with a streaming DataFrame works in a Databricks workspace only. "
            f"Here, give a DataFrame that is not streaming."
        )


def require_feature_types(schema: StructType) -> None:
    """Raise if a schema has no columns, duplicate names, or types that features cannot have."""
    if not schema.fields:
        raise ValueError("The DataFrame or schema has no columns: it needs at least the keys.")
    require_unique([field.name.lower() for field in schema.fields], "column names (in any case)")
    unsupported = [f for f in schema.fields if f.dataType.typeName() not in SUPPORTED_TYPES]
    if unsupported:
        listed = ", ".join(f"{f.name} (type: {f.dataType.simpleString()})" for f in unsupported)
        raise ValueError(
            f"Unsupported data type for column(s): {listed}. Cast them first; "
            f"supported are {', '.join(sorted(SUPPORTED_TYPES))}."
        )


def require_columns(schema: StructType, columns: Sequence[str], what: str) -> None:
    """Raise if a schema lacks columns; ``what`` is the purpose of the columns in the message."""
    missing = [column for column in columns if column not in schema.fieldNames()]
    if missing:
        raise ValueError(
            f"The provided DataFrame or schema must contain all specified {what}. "
            f"Missing: {quoted(missing)}. It has: {', '.join(schema.fieldNames())}."
        )


def require_valid_keys(data: pa.Table, keys: Sequence[str]) -> None:
    """Raise if a key of the rows has a null, or occurs twice.

    Parameters
    ----------
    data : pyarrow.Table
        The rows to write.
    keys : sequence of str
        The primary key, time series column included.

    Raises
    ------
    ValueError
        If a key is invalid; the message contains the first invalid key.
    """
    from lakelab.local.system import duckdb_pool
    from lakelab.local.system.duckdb_pool import sql_name

    for key in keys:
        if nulls := data.column(key).null_count:
            raise ValueError(
                f"Primary key column '{key}' has null in {nulls} of {len(data)} rows. "
                f"A key is never null: fill or drop these rows first."
            )
    columns = ", ".join(sql_name(key) for key in keys)
    with duckdb_pool.connect() as connection:
        connection.register("data", data.select(list(keys)))
        duplicate = connection.execute(
            f"SELECT {columns}, count(*) FROM data GROUP BY ALL HAVING count(*) > 1 LIMIT 1"
        ).fetchone()
    if duplicate:
        example = ", ".join(f"{key}={value}" for key, value in zip(keys, duplicate, strict=False))
        raise ValueError(
            f"Non-unique rows detected in input dataframe for key combination {list(keys)}: "
            f"{example} occurs {duplicate[-1]} times. Keep one row for each key."
        )
