"""CREATE FUNCTION and its kin: what is kept, what SQL computes with it, what is refused, who may."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from pyspark.errors import AnalysisException, ParseException, PySparkException, PythonException
from pyspark.sql import Row, types
from pyspark.sql import functions as F

from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.functions import PYTHON, Functions, UnityFunction
from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.securable import Securable
from lakelab.local.spark.session import LocalSparkSession
from lakelab.local.system.home import Home
from lakelab.local.udf.casts import cast_to
from lakelab.local.udf.python_body import compile_body

RETURNS = "RETURNS DOUBLE LANGUAGE PYTHON"
HAVERSINE = """
CREATE FUNCTION km(lat1 DOUBLE COMMENT 'north', lon1 DOUBLE, lat2 DOUBLE, lon2 DOUBLE DEFAULT 0)
RETURNS DOUBLE LANGUAGE PYTHON DETERMINISTIC
COMMENT 'Kilometres as the crow flies'
AS $$
  from math import asin, cos, radians, sin, sqrt

  if None in (lat1, lon1, lat2, lon2):
      return None
  a, b = radians(lat1), radians(lat2)
  h = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(radians(lon2 - lon1) / 2) ** 2
  return 12742 * asin(sqrt(h))
$$
"""


def one(spark: LocalSparkSession, expression: str) -> Any:
    row = spark.sql(f"SELECT {expression} AS x").first()
    assert row is not None
    return row.x


def python(spark: LocalSparkSession, name: str, body: str, signature: str = "(x INT)") -> None:
    spark.sql(f"CREATE OR REPLACE FUNCTION {name}{signature} {RETURNS} AS $${body}$$")


# ---- what SQL computes -----------------------------------------------------------------------------------
def test_a_python_function(spark: LocalSparkSession, schema: str) -> None:
    spark.sql(HAVERSINE)
    km = one(spark, f"round({schema}.km(40.64D, -73.78D, 33.94D, -118.41D))")
    assert km == 3974.0
    assert one(spark, "km(0, 0, 90)") == pytest.approx(10007.5, abs=0.1)  # the default
    assert one(spark, "km(lat2 => 0, lon2 => 0, lat1 => 0, lon1 => 0)") == 0.0
    assert one(spark, "km(null, 0, 90)") is None


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("return 1.5", 1.5),
        ("\n    y = x * 2\n    return y\n", 8.0),
        ("return", None),
        ("pass", None),
        ('text = """\n  a\n"""\nreturn len(text)', 5.0),
        ("def f(n):\n  return 1 if n == 0 else n * f(n - 1)\nreturn f(x)", 24.0),
        ("# a comment\nreturn True", 1.0),
        ("return '2.5'", 2.5),
    ],
)
def test_bodies(spark: LocalSparkSession, schema: str, body: str, value: float | None) -> None:
    python(spark, "f", body)
    assert one(spark, "f(4)") == value


def test_arguments_have_the_types_of_the_parameters(spark: LocalSparkSession, schema: str) -> None:
    spark.sql(
        "CREATE FUNCTION kinds(x DOUBLE, y STRING DEFAULT 1, z DECIMAL(5,1) DEFAULT 1.25) "
        "RETURNS STRING LANGUAGE PYTHON AS $$ return f'{x!r} {y!r} {z!r}' $$"
    )
    assert one(spark, "kinds(1)") == "1.0 '1' Decimal('1.3')"
    assert one(spark, "kinds('2.5', 3, 4)") == "2.5 '3' Decimal('4.0')"


def test_wherever_a_call_can_stand(spark: LocalSparkSession, schema: str) -> None:
    python(spark, "twice", "return 2 * x", "(x DOUBLE)")
    spark.sql("CREATE TABLE t (k INT NOT NULL PRIMARY KEY, x DOUBLE)")
    spark.sql("INSERT INTO t SELECT id, twice(twice(id)) FROM range(4)")
    spark.sql(f"CREATE TABLE u AS SELECT k, `{schema.split('.')[1]}`.`twice`(x) AS y FROM t")
    spark.sql("UPDATE u SET y = twice(y) WHERE twice(k) = 6")
    spark.sql("CREATE OR REPLACE TEMP VIEW v AS SELECT k, twice(y) AS z FROM u")
    rows = spark.sql(
        "WITH w AS (SELECT z, CASE WHEN twice(k) > 2 THEN 'b' ELSE 'a' END AS g FROM v) "
        "SELECT g, sum(twice(z)) AS s FROM w GROUP BY g HAVING s >= 0 ORDER BY twice(s)"
    )
    assert rows.collect() == [("a", 32.0), ("b", 256.0)]
    spark.sql("DROP VIEW v")
    assert "twice" in str(spark.sql("EXPLAIN EXTENDED SELECT twice(1)").collect())


def test_columns_have_the_names_that_were_written(spark: LocalSparkSession, schema: str) -> None:
    python(spark, "twice", "return 2 * x")
    columns = spark.sql(f"SELECT {schema}.twice(1), twice(2) + 1, twice(3) AS c").columns
    assert columns == [f"{schema}.twice(1)", "twice(2) + 1", "c"]


def test_text_that_only_looks_like_a_call(spark: LocalSparkSession, schema: str) -> None:
    python(spark, "f", "return 1")
    assert one(spark, "'main.nope.g(1) and f(x)'") == "main.nope.g(1) and f(x)"
    assert one(spark, "upper('f (') -- main.nope.g(1)\n") == "F ("


def test_built_in_functions_stay_what_they_are(spark: LocalSparkSession, schema: str) -> None:
    query = (
        "SELECT substring('abc' FROM 2), extract(year FROM d), date_add(d, 1), count(*) OVER (), "
        "trim(BOTH 'x' FROM 'xax'), transform(array(1), y -> y + 1), f(1) FROM VALUES (DATE'2024-01-02') AS t(d)"
    )
    python(spark, "f", "return 1")
    got = spark.sql(query).first()
    assert tuple(got or ()) == ("bc", 2024, date(2024, 1, 3), 1, "a", [2], 1.0)
    python(spark, "abs", "return 7")
    assert (one(spark, "abs(-1)"), one(spark, f"{schema}.abs(-1)")) == (1, 7.0)
    name = f"temp_{schema[-8:]}"
    python(spark, name, "return 7")
    assert one(spark, f"{name}(1)") == 7.0
    spark.udf.register(name, lambda x: 8, "int")
    assert (one(spark, f"{name}(1)"), one(spark, f"{schema}.{name}(1)")) == (8, 7.0)


def test_parameters_of_a_query(spark: LocalSparkSession, schema: str) -> None:
    python(spark, "twice", "return 2 * x")
    assert spark.sql("SELECT twice(:n) AS x", args={"n": 4}).collect() == [(8.0,)]
    assert spark.sql("SELECT twice(?) AS x", args=[5]).collect() == [(10.0,)]


def test_a_replaced_function_is_another_one_at_once(spark: LocalSparkSession, schema: str) -> None:
    python(spark, "f", "return 1")
    assert one(spark, "f(0)") == 1.0
    python(spark, "f", "return 2")
    assert one(spark, "f(0)") == 2.0


def test_sql_functions(spark: LocalSparkSession, schema: str) -> None:
    spark.sql(
        "CREATE FUNCTION late(minutes INT, bound INT DEFAULT 15) RETURN minutes >= late.bound"
    )
    spark.sql("CREATE FUNCTION word(m INT) RETURNS STRING RETURN CASE WHEN late(m) THEN 'late' END")
    rows = spark.sql("SELECT word(m), late(m, 60) FROM VALUES (14), (15), (60) AS t(m)").collect()
    assert rows == [(None, False), ("late", False), ("late", True)]
    spark.sql("CREATE FUNCTION num(m INT) RETURNS BIGINT RETURN m + 0.7")
    assert spark.sql("SELECT num(1) x").dtypes == [("x", "bigint")]
    spark.sql("CREATE FUNCTION round_trip(m INT) RETURN m")
    spark.sql("CREATE OR REPLACE FUNCTION round_trip(m INT) RETURNS INT RETURN round_trip(m) + 1")
    with pytest.raises(AnalysisException, match="calls itself"):
        spark.sql("SELECT round_trip(1)")


def test_in_dataframes(spark: LocalSparkSession, schema: str) -> None:
    python(spark, "twice", "return 2 * x + y", "(x DOUBLE, y INT DEFAULT 0)")
    spark.sql("CREATE FUNCTION late(m INT) RETURN m > 1")
    df = spark.range(4)
    got = df.selectExpr(f"{schema}.twice(id)", "twice(id, 1) AS y", "late(id)")
    assert got.columns == [f"{schema}.twice(id)", "y", "late(id)"]
    assert got.collect()[3] == (6.0, 7.0, True)
    kept = df.withColumn("w", F.expr("twice(id)")).filter("twice(w) > 4 AND late(id)")
    assert kept.orderBy(F.expr("twice(-id)")).collect() == [(3, 6.0), (2, 4.0)]
    assert df.agg(F.expr("sum(twice(id))")).columns == ["sum(twice(id))"]
    called = F.call_function(f"{schema}.twice", "id").alias("x")
    assert [row.x for row in df.select(called).collect()] == [0.0, 2.0, 4.0, 6.0]
    for name, columns, told in (
        ("main.default.nope", ["id"], "UNRESOLVED_ROUTINE"),
        (f"{schema}.late", ["id"], "call_function takes functions in Python"),
        ("twice", [], r"\(0 of them\) are not those"),
    ):
        with pytest.raises(AnalysisException, match=told):
            df.select(F.call_function(name, *columns)).collect()
    assert df.select(F.call_function("abs", F.lit(-1)).alias("x")).first() == (1,)


# ---- what is kept ----------------------------------------------------------------------------------------
def test_describe_and_show(spark: LocalSparkSession, schema: str) -> None:
    spark.sql(HAVERSINE)
    lines = [row[0] for row in spark.sql(f"DESCRIBE FUNCTION EXTENDED {schema}.km").collect()]
    assert lines[:6] == [
        f"Function:      {schema}.km",
        "Type:          SCALAR",
        "Input:         lat1 DOUBLE 'north'",
        "               lon1 DOUBLE",
        "               lat2 DOUBLE",
        "               lon2 DOUBLE DEFAULT 0",
    ]
    assert lines[6:9] == [
        "Returns:       DOUBLE",
        "Comment:       Kilometres as the crow flies",
        "Deterministic: true",
    ]
    assert lines[-1].strip() == "return 12742 * asin(sqrt(h))"
    assert len(spark.sql("DESC FUNCTION km").collect()) == 7
    python(spark, "other", "return 1")
    assert spark.sql("SHOW USER FUNCTIONS").collect() == [(f"{schema}.km",), (f"{schema}.other",)]
    assert spark.sql(f"SHOW USER FUNCTIONS IN {schema} LIKE 'k*'").collect() == [(f"{schema}.km",)]
    assert {"abs", f"{schema}.km"} <= {row[0] for row in spark.sql("SHOW FUNCTIONS").collect()}


def test_the_schema_takes_its_functions_along(spark: LocalSparkSession, schema: str) -> None:
    python(spark, "f", "return 1")
    spark.sql("USE main.default")
    with pytest.raises(AnalysisException, match="SCHEMA_NOT_EMPTY"):
        spark.sql(f"DROP SCHEMA {schema}")
    spark.sql(f"DROP SCHEMA {schema} CASCADE")
    with pytest.raises(AnalysisException, match="UNRESOLVED_ROUTINE"):
        spark.sql(f"SELECT {schema}.f(1)")
    spark.sql(f"CREATE SCHEMA {schema}")
    assert spark.sql(f"SHOW USER FUNCTIONS IN {schema}").collect() == []
    assert spark.sql(f"SHOW TABLES IN {schema}").collect() == []


def test_another_process_sees_it_and_its_drop(
    spark: LocalSparkSession, schema: str, home: Home
) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from lakelab.local.catalog.functions import Functions\n"
        "from lakelab.local.catalog.store import TableName, UnityCatalog\n"
        "functions = Functions(UnityCatalog(Path(sys.argv[1])))\n"
        "print(functions.get(TableName.parse(sys.argv[2])).body)\n"
        "functions.drop(TableName.parse(sys.argv[2]))\n"
    )
    python(spark, "f", "return 'ä'", "(x INT)")
    done = subprocess.run(
        [sys.executable, "-c", code, str(home.warehouse), f"{schema}.f"],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        check=True,
    )
    assert done.stdout == "return 'ä'\n"
    with pytest.raises(AnalysisException, match="ROUTINE_NOT_FOUND"):
        spark.sql("DROP FUNCTION f")


def test_a_killed_process_leaves_no_half_function(
    spark: LocalSparkSession, schema: str, home: Home
) -> None:
    """A process replaces a function without end; wherever it is killed, one whole function is there."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from lakelab.local.catalog.functions import Functions, UnityFunction\n"
        "from lakelab.local.catalog.store import TableName, UnityCatalog\n"
        "functions = Functions(UnityCatalog(Path(sys.argv[1])))\n"
        "n = 0\n"
        "while True:\n"
        "    n += 1\n"
        "    body = f'return {n}' + ' #' * 50_000\n"
        "    functions.create(UnityFunction(TableName.parse(sys.argv[2]), 'PYTHON', body), replace=True)\n"
        "    print(n, flush=True)\n"
    )
    name, functions = TableName.parse(f"{schema}.f"), Functions(spark.unity)
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(home.warehouse), str(name)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        seen = int(process.stdout.readline())
        while seen < 100:  # others read meanwhile
            assert functions.get(name).body.endswith(" #" * 50_000)
            seen = int(process.stdout.readline())
        process.kill()
        told = process.communicate()[0].split()
        last = int(told[-1]) if told else seen
        body = functions.get(name).body
        assert body.endswith(" #" * 50_000)
        assert int(body.split()[1]) in (last, last + 1)
    assert spark.sql("SHOW USER FUNCTIONS").collect() == [(str(name),)]
    spark.unity.remove_unfinished()
    assert list((home.warehouse / name.catalog / name.schema).glob(".staging-*")) == []


def test_one_of_many_who_create_it_at_once(spark: LocalSparkSession, schema: str) -> None:
    done: list[str] = []

    def create(number: int) -> None:
        try:
            python_new(number)
            done.append("made")
        except UnityCatalogError:
            done.append("refused")

    def python_new(number: int) -> None:
        made = UnityFunction(TableName.parse(f"{schema}.f"), PYTHON, f"return {number}")
        Functions(spark.unity).create(made)

    threads = [threading.Thread(target=create, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == ["made"] + ["refused"] * 7


def test_a_damaged_file_is_named(spark: LocalSparkSession, schema: str) -> None:
    python(spark, "f", "return 1")
    path = Functions(spark.unity).path(TableName.parse(f"{schema}.f"))
    for text in ("{", "[]", json.dumps({"language": "PYTHON"})):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(AnalysisException, match=r"damaged: .*f\.json"):
            spark.sql("SELECT f(1)")
    python(spark, "f", "return 2")
    assert one(spark, "f(1)") == 2.0


# ---- what is refused -------------------------------------------------------------------------------------
REFUSED = {
    "CREATE FUNCTION f(x INT) RETURNS INT RETURN x": (AnalysisException, "ROUTINE_ALREADY_EXISTS.*OR REPLACE"),
    "CREATE OR REPLACE FUNCTION IF NOT EXISTS f(x INT) RETURNS INT RETURN x": (ParseException, "exclude each other"),
    "CREATE FUNCTION g(x INT) RETURNS INT LANGUAGE PYTHON RETURN x": (ParseException, r"AS \$\$"),
    "CREATE FUNCTION g(x INT) LANGUAGE PYTHON AS $$return 1$$": (ParseException, "needs RETURNS"),
    "CREATE FUNCTION g(x INT) RETURNS INT LANGUAGE PYTHON AS $$return (1$$": (AnalysisException, "not valid Python.*line 1"),
    "CREATE FUNCTION g(class INT) RETURNS INT LANGUAGE PYTHON AS $$return 1$$": (AnalysisException, "not valid Python"),
    "CREATE FUNCTION g(x INT, X INT) RETURNS INT RETURN x": (AnalysisException, "DUPLICATE_ROUTINE_PARAMETER_NAMES.*`X`"),
    "CREATE FUNCTION g(x INT DEFAULT 1, y INT) RETURNS INT RETURN x": (AnalysisException, "`y` stands behind `x`"),
    "CREATE FUNCTION g(x) RETURNS INT RETURN x": (PySparkException, "name and a type"),
    "CREATE FUNCTION g(x NUMBR) RETURNS INT RETURN x": (PySparkException, "NUMBR|line 1"),
    "CREATE FUNCTION g(x INT) RETURNS INT RETURN y": (AnalysisException, "names 'y', which is none of its parameters: x"),
    "CREATE FUNCTION g(x INT) RETURNS INT RETURN nope(x)": (PySparkException, "nope"),
    "CREATE FUNCTION g(x INT) RETURNS INT RETURN (SELECT 1)": (ParseException, "body is a query.*Databricks only"),
    "CREATE FUNCTION g(x INT) RETURNS TABLE (y INT) RETURN SELECT x": (ParseException, "table.*Databricks only"),
    "CREATE TEMPORARY FUNCTION g(x INT) RETURNS INT RETURN x": (ParseException, "temporary.*Databricks only"),
    "CREATE FUNCTION g(x INT) RETURNS INT LANGUAGE SCALA AS $$x$$": (ParseException, "LANGUAGE SCALA.*Databricks only"),
    "CREATE FUNCTION g(x INT) RETURNS INT LANGUAGE PYTHON ENVIRONMENT (environment_version = 'None') AS $$return 1$$": (
        ParseException,
        "ENVIRONMENT works on Databricks only",
    ),
    "CREATE FUNCTION g(x INT) RETURNS VARIANT LANGUAGE PYTHON AS $$return 1$$": (PySparkException, "VARIANT|variant"),
    "CREATE FUNCTION nowhere.g(x INT) RETURNS INT RETURN x": (AnalysisException, r"main\.nowhere' does not exist"),
    "CREATE FUNCTION hive_metastore.default.g(x INT) RETURNS INT RETURN x": (AnalysisException, "Unity Catalog"),
    "DROP FUNCTION g": (AnalysisException, r"ROUTINE_NOT_FOUND.*Functions of schema .*: f"),
    "DESCRIBE FUNCTION main.default.g": (AnalysisException, "ROUTINE_NOT_FOUND"),
    "SHOW FUNCTIONS IN main.nowhere": (AnalysisException, "does not exist"),
    "SELECT f()": (AnalysisException, r"WRONG_NUM_ARGS.*f\(x INT\)"),
    "SELECT f(1, 2)": (AnalysisException, "WRONG_NUM_ARGS"),
    "SELECT f(y => 2)": (AnalysisException, "WRONG_NUM_ARGS"),
    "SELECT f(1, x => 2)": (AnalysisException, "WRONG_NUM_ARGS"),
    "SELECT main.nowhere.f(1)": (AnalysisException, "UNRESOLVED_ROUTINE.*`main`.`nowhere`.`f`"),
}  # fmt: skip


def test_what_is_refused(spark: LocalSparkSession, schema: str) -> None:
    python(spark, "f", "return 1")
    for statement, (error, told) in REFUSED.items():
        with pytest.raises(error, match=f"(?s){told}"):
            pytest.fail(f"{statement} gave {spark.sql(statement).collect()}")
    assert spark.sql("SHOW USER FUNCTIONS").collect() == [(f"{schema}.f",)]
    spark.sql("DROP FUNCTION IF EXISTS g")
    spark.sql("CREATE FUNCTION IF NOT EXISTS f(x INT) RETURNS INT RETURN x")
    assert one(spark, "f(9)") == 1.0


def test_what_it_returns_must_be_of_its_type(spark: LocalSparkSession, schema: str) -> None:
    python(spark, "f", "return [x]")
    with pytest.raises(
        PythonException, match=rf"{schema}\.f\(x=7\) failed(.|\n)*returned \[7\].*no double"
    ):
        spark.sql("SELECT f(7)").collect()


# ---- who may ---------------------------------------------------------------------------------------------
@pytest.fixture
def ana(spark: LocalSparkSession, schema: str) -> Iterator[LocalSparkSession]:
    """The session of somebody who may use the schema, and no more."""
    user = f"ana-{uuid.uuid4().hex[:6]}@example.com"
    catalog, governance = Securable("catalog", "main"), spark.unity.governance
    governance.change_grants(catalog, user, add=["USE_CATALOG"])
    governance.change_grants(Securable("schema", schema), user, add=["USE_SCHEMA"])
    session = spark.workspace_session("b", user)
    session.sql(f"USE {schema}")
    yield session
    governance.change_grants(catalog, user, remove=["USE_CATALOG"])
    session.stop()


def test_who_may_call_create_and_drop(
    spark: LocalSparkSession, schema: str, ana: LocalSparkSession
) -> None:
    python(spark, "f", "return 1")
    governance, function = spark.unity.governance, Securable("function", f"{schema}.f")
    with pytest.raises(AnalysisException, match=rf"EXECUTE on Routine or Model '{schema}\.f'"):
        ana.sql("SELECT f(1)")
    with pytest.raises(AnalysisException, match="INSUFFICIENT_PERMISSIONS.*(.|\n)*EXECUTE"):
        ana.sql("DESCRIBE FUNCTION f")
    governance.change_grants(function, ana.user, add=["EXECUTE"])
    assert one(ana, "f(1)") == 1.0
    assert ana.sql("SHOW USER FUNCTIONS").collect() == [(f"{schema}.f",)]
    for statement in (
        "DROP FUNCTION f",
        f"CREATE OR REPLACE FUNCTION f(x INT) {RETURNS} AS $$return 2$$",
    ):
        with pytest.raises(AnalysisException, match="MANAGE on Routine or Model"):
            ana.sql(statement)
    with pytest.raises(AnalysisException, match=rf"CREATE FUNCTION on Schema '{schema}'"):
        python(ana, "mine", "return 3")
    governance.change_grants(Securable("schema", schema), ana.user, add=["CREATE_FUNCTION"])
    python(ana, "mine", "return 3")
    assert one(ana, "mine(1)") == 3.0
    python(ana, "mine", "return 4")
    assert governance.owner(Securable("function", f"{schema}.mine")) == ana.user
    assert one(spark, "mine(1)") == 4.0
    ana.sql("DROP FUNCTION mine")


def test_grants_go_with_the_function(
    spark: LocalSparkSession, schema: str, ana: LocalSparkSession
) -> None:
    python(spark, "f", "return 1")
    governance, function = spark.unity.governance, Securable("function", f"{schema}.f")
    governance.change_grants(function, ana.user, add=["EXECUTE"])
    python(spark, "f", "return 2")  # replaced: they stay
    assert one(ana, "f(1)") == 2.0
    Functions(spark.unity).path(TableName.parse(f"{schema}.f")).unlink()  # as DROP SCHEMA does
    python(spark, "f", "return 3")
    assert governance.grants(function) == {}


# ---- the casts -------------------------------------------------------------------------------------------
CASTS: list[tuple[types.DataType, Any, Any]] = [
    (types.IntegerType(), 2.9, 2),
    (types.IntegerType(), True, 1),
    (types.IntegerType(), np.int64(3), 3),
    (types.IntegerType(), " 4 ", 4),
    (types.IntegerType(), 2**31, OverflowError),
    (types.LongType(), float("inf"), OverflowError),
    (types.LongType(), "x", ValueError),
    (types.LongType(), [1], TypeError),
    (types.DoubleType(), np.float32(1.5), 1.5),
    (types.DoubleType(), Decimal("1.5"), 1.5),
    (types.DoubleType(), date(2024, 1, 1), TypeError),
    (types.DecimalType(5, 2), 1.005, Decimal("1.01")),
    (types.DecimalType(3, 2), 12, OverflowError),
    (types.StringType(), False, "false"),
    (types.StringType(), 1.5, "1.5"),
    (types.BooleanType(), "TRUE", True),
    (types.BooleanType(), 0, False),
    (types.BooleanType(), "yes", ValueError),
    (types.DateType(), datetime(2024, 1, 2, 3), date(2024, 1, 2)),
    (types.DateType(), "2024-01-02", date(2024, 1, 2)),
    (types.DateType(), 3, TypeError),
    (types.TimestampType(), "2024-01-02T03:00:00+02:00", datetime(2024, 1, 2, 1)),
    (types.TimestampType(), date(2024, 1, 2), datetime(2024, 1, 2)),
    (types.BinaryType(), "a", b"a"),
    (types.BinaryType(), 1, TypeError),
    (types.ArrayType(types.IntegerType()), (1.5, None), [1, None]),
    (types.ArrayType(types.IntegerType()), np.array([1, 2]), [1, 2]),
    (types.ArrayType(types.StringType()), "ab", TypeError),
    (types.MapType(types.StringType(), types.IntegerType()), {1: "2"}, {"1": 2}),
    (types.MapType(types.StringType(), types.IntegerType()), [1], TypeError),
    (types._parse_datatype_json_string('{"type":"struct","fields":[{"name":"a","type":"integer","nullable":true,"metadata":{}}]}'), Row(a="1"), {"a": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "value", "wanted"), CASTS)
def test_casts(type_: types.DataType, value: Any, wanted: Any) -> None:
    if isinstance(wanted, type):
        with pytest.raises(wanted):
            cast_to(type_)(value)
    else:
        assert cast_to(type_)(value) == wanted
        assert type(cast_to(type_)(value)) is type(wanted)


def test_a_body_sees_nothing_around_it() -> None:
    with pytest.raises(NameError, match="pytest"):
        compile_body("f", [], "return pytest")()
