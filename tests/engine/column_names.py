"""Expressions, and the names that real Spark 4.2 gives to their columns.

``column_names.json`` has expressions of SQL, ``dataframe_names.json`` those of DataFrames.

``python -m tests.engine.column_names`` asks real Spark for all names again, where Java 17 is. To add an expression,
write it there with an empty name.
"""

from __future__ import annotations

import datetime
import json
import logging
import sys
from decimal import Decimal
from pathlib import Path

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as F
from pyspark.sql import types as T

from tests.engine.real_spark import MissingError, real_spark

PATH = Path(__file__).parent / "column_names.json"
DATAFRAME_PATH = Path(__file__).parent / "dataframe_names.json"
VIEWS = {
    "t": "SELECT * FROM VALUES (1, 'a', 1.5D, DATE'2024-01-01', TIMESTAMP'2024-01-01 10:00:00', 1.5, true, "
    "CAST(3 AS BIGINT)) AS v(a, b, c, d, ts, dec, flag, big)",
    "n": "SELECT named_struct('x', 1, 'y', named_struct('z', 2)) AS s, array(1, 2) AS l, map('k', 1) AS m, "
    "array(named_struct('x', 1)) AS ls, array(array(1)) AS ll, 1 AS `my col`, 2 AS `größe`",
}
"""The relations that expressions are about."""


def create_views(spark: SparkSession) -> None:
    """Create the relations that expressions are about."""
    for name, query in VIEWS.items():
        spark.sql(f"CREATE OR REPLACE TEMP VIEW {name} AS {query}")


def drop_views(spark: SparkSession) -> None:
    """Drop the relations that expressions are about."""
    for name in VIEWS:
        spark.catalog.dropTempView(name)


def load_names() -> dict[str, dict[str, str]]:
    """Return the names: the relations of a query -> an expression -> its name."""
    names: dict[str, dict[str, str]] = json.loads(PATH.read_text("utf-8"))
    return names


def load_dataframe_names() -> dict[str, str]:
    """Return the names: an expression of Python -> its name."""
    names: dict[str, str] = json.loads(DATAFRAME_PATH.read_text("utf-8"))
    return names


def save_names(path: Path, names: object) -> None:
    """Write the names, one expression in a line."""
    path.write_text(json.dumps(names, ensure_ascii=False, indent=1) + "\n", "utf-8")


def dataframe_name(spark: SparkSession, expression: str) -> str:
    """Return the name of the column that an expression of Python makes."""
    known = {"F": F, "W": Window, "T": T, "Decimal": Decimal, "datetime": datetime}
    (name,) = spark.table("t").select(eval(expression, known)).columns
    return name


def main() -> int:
    """Record the names that real Spark gives; return 1 if a name is another one now."""
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
    changed = []
    kept = load_names()
    try:
        with real_spark() as server:
            spark = server.session()
            create_views(spark)
            for relations, names in kept.items():
                for expression, before in names.items():
                    names[expression] = _name(spark, relations, expression)
                    if names[expression] != before:
                        changed.append(f"{expression}: {before!r} is {names[expression]!r} now")
            found = {one: dataframe_name(spark, one) for one in load_dataframe_names()}
    except MissingError as error:
        print(error, file=sys.stderr)
        return 2
    changed += [
        f"{one}: {old!r} is {found[one]!r} now"
        for one, old in load_dataframe_names().items()
        if found[one] != old
    ]
    save_names(PATH, kept)
    save_names(DATAFRAME_PATH, found)
    print("\n".join(changed) or "All names are the same.")
    return 1 if changed else 0


def _name(spark: SparkSession, relations: str, expression: str) -> str:
    try:
        (name,) = spark.sql(f"SELECT {expression} FROM {relations}").columns
    except PySparkException as error:
        raise ValueError(f"Spark does not know {expression}") from error
    return name


if __name__ == "__main__":
    sys.exit(main())
