"""Functions of the engine, and functions of Unity Catalog that it has under another name."""

from __future__ import annotations

from datetime import date

from lakelab.local.spark.session import LocalSparkSession
from tests.local.sql.function_helpers import create_python_function, scalar


def test_built_in_and_temporary_functions_come_first(spark: LocalSparkSession, schema: str) -> None:
    query = (
        "SELECT substring('abc' FROM 2), extract(year FROM d), date_add(d, 1), count(*) OVER (), "
        "trim(BOTH 'x' FROM 'xax'), transform(array(1), y -> y + 1), f(1) FROM VALUES (DATE'2024-01-02') AS t(d)"
    )
    create_python_function(spark, "f", "return 1")
    got = spark.sql(query).first()
    assert tuple(got or ()) == ("bc", 2024, date(2024, 1, 3), 1, "a", [2], 1.0)
    create_python_function(spark, "abs", "return 7")
    assert (scalar(spark, "abs(-1)"), scalar(spark, f"{schema}.abs(-1)")) == (1, 7.0)
    name = f"temp_{schema[-8:]}"
    create_python_function(spark, name, "return 7")
    assert scalar(spark, f"{name}(1)") == 7.0
    spark.udf.register(name, lambda x: 8, "int")
    assert (scalar(spark, f"{name}(1)"), scalar(spark, f"{schema}.{name}(1)")) == (8, 7.0)


def test_replaced_function_is_called_at_once(spark: LocalSparkSession, schema: str) -> None:
    create_python_function(spark, "f", "return 1")
    assert scalar(spark, "f(0)") == 1.0
    create_python_function(spark, "f", "return 2")
    assert scalar(spark, "f(0)") == 2.0
