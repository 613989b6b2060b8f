"""Views in statements: each is replaced by its query, which its owner's rights read."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException

from lakelab.local.catalog.securable import Securable
from tests.local.sql.statement_rows import BEN

ANA = "ana@example.com"


@pytest.fixture(autouse=True)
def _no_grants(spark):
    yield
    spark.unity.governance.change_grants(Securable("catalog", "main"), BEN, remove=["USE_CATALOG"])


@pytest.fixture
def v(spark, schema):
    """A view over a table."""
    spark.sql("CREATE TABLE t (a INT, b STRING)")
    spark.sql("INSERT INTO t VALUES (1, 'x'), (2, 'y')")
    spark.sql("CREATE VIEW v AS SELECT a, b FROM t")
    return f"{schema}.v"


def rows(spark, query):
    return [tuple(row) for row in spark.sql(query).collect()]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT * EXCEPT (a) FROM {v} ORDER BY ALL", [("x",), ("y",)]),
        ("SELECT * FROM {v} QUALIFY row_number() OVER (ORDER BY a DESC) = 1", [(2, "y")]),
        ("SELECT p.a, q.b FROM {v} p JOIN {v} AS q ON p.a = q.a ORDER BY p.a", [(1, "x"), (2, "y")]),
        ("SELECT count(*) FROM {v} WHERE a IN (SELECT max(a) FROM {v})", [(1,)]),
        ("WITH v AS (SELECT 9 AS z) SELECT * FROM v", [(9,)]),
        ("SELECT * FROM {v} AS k (m, n) ORDER BY m", [(1, "x"), (2, "y")]),
        ("SELECT * FROM (SELECT b FROM {v} UNION ALL SELECT 'z') ORDER BY b", [("x",), ("y",), ("z",)]),
        ("TABLE {v}", [(1, "x"), (2, "y")]),
    ],
)  # fmt: skip
def test_queries(spark, v, query, expected):
    assert sorted(rows(spark, query.format(v=v))) == expected


def test_other_statements_read_a_view(spark, v):
    spark.sql(f"CREATE TABLE c AS SELECT * FROM {v}")
    spark.sql(f"INSERT INTO c SELECT a + 10, b FROM {v}")
    spark.sql(f"MERGE INTO c USING {v} s ON s.a = c.a WHEN MATCHED THEN UPDATE SET b = 'm'")
    spark.sql(f"DELETE FROM c WHERE a IN (SELECT a + 10 FROM {v} WHERE a = 1)")
    assert sorted(rows(spark, "SELECT * FROM c")) == [(1, "m"), (2, "m"), (12, "y")]
    assert [row.col_name for row in spark.sql(f"DESCRIBE QUERY SELECT * FROM {v}").collect()] == [
        "a",
        "b",
    ]


def test_view_sees_new_rows_and_keeps_its_columns(spark, v):
    spark.sql("CREATE VIEW star AS SELECT * FROM t")
    spark.sql("INSERT INTO t VALUES (3, 'z')")
    spark.sql("ALTER TABLE t ADD COLUMNS (c INT)")
    assert sorted(rows(spark, f"SELECT * FROM {v}")) == [(1, "x"), (2, "y"), (3, "z")]
    assert spark.sql("SELECT * FROM star").columns == ["a", "b"]
    spark.sql("CREATE OR REPLACE TABLE t (a BIGINT, b STRING)")
    assert spark.sql(f"SELECT * FROM {v}").dtypes == [("a", "int"), ("b", "string")]


def test_catalog_and_schema_of_its_creation_count(spark, v):
    spark.sql("CREATE FUNCTION ten(x INT) RETURNS INT RETURN x * 10")
    spark.sql("CREATE VIEW w AS SELECT ten(v.a) AS x FROM v")
    schema = v.rpartition(".")[0]
    spark.sql("USE main.default")
    assert sorted(rows(spark, f"SELECT * FROM {schema}.w")) == [(10,), (20,)]


def test_names_with_special_characters(spark, schema):
    spark.sql(r"""CREATE VIEW `v-1` AS SELECT 1 AS `a b`, 'it\'s "x"' AS `c``d`""")
    assert spark.sql("SELECT * FROM `v-1`").columns == ["a b", "c`d"]
    assert rows(spark, "SELECT * FROM `V-1`") == [(1, 'it\'s "x"')]


def test_reader_needs_select_on_the_view_only(spark, v):
    ben, schema = spark.workspace_session("b", BEN), v.rpartition(".")[0]
    spark.sql(f"GRANT USE CATALOG ON CATALOG main TO `{BEN}`")
    spark.sql(f"GRANT USE SCHEMA ON SCHEMA {schema} TO `{BEN}`")
    with pytest.raises(AnalysisException, match=f"SELECT on Table '{v}'"):
        ben.sql(f"SELECT * FROM {v}")
    spark.sql(f"GRANT SELECT ON VIEW {v} TO `{BEN}`")
    assert sorted(rows(ben, f"SELECT * FROM {v}")) == [(1, "x"), (2, "y")]
    spark.sql("INSERT INTO t VALUES (3, 'z')")
    assert sorted(rows(ben, f"SELECT * EXCEPT (a) FROM {v}")) == [("x",), ("y",), ("z",)]
    assert ben.table(v).count() == 3
    with pytest.raises(AnalysisException, match=f"SELECT on Table '{schema}.t'"):
        ben.sql(f"SELECT * FROM {schema}.t")


def test_owner_needs_select_on_the_tables(spark, v):
    ben, schema = spark.workspace_session("b", BEN), v.rpartition(".")[0]
    create = f"CREATE VIEW {schema}.bens AS SELECT a FROM {v}"
    spark.sql(f"GRANT USE CATALOG ON CATALOG main TO `{BEN}`")
    spark.sql(f"GRANT USE SCHEMA ON SCHEMA {schema} TO `{BEN}`")
    spark.sql(f"GRANT SELECT ON VIEW {v} TO `{BEN}`")
    with pytest.raises(AnalysisException, match="CREATE TABLE on Schema"):
        ben.sql(create)
    spark.sql(f"GRANT CREATE TABLE ON SCHEMA {schema} TO `{BEN}`")
    with pytest.raises(AnalysisException, match=f"SELECT on Table '{schema}.t'"):
        ben.sql(f"CREATE VIEW {schema}.bens AS SELECT * FROM {schema}.t")
    ben.sql(create)
    assert sorted(rows(spark, f"SELECT * FROM {schema}.bens")) == [(1,), (2,)]
    with pytest.raises(AnalysisException, match="INSUFFICIENT_PERMISSIONS"):
        ben.sql(f"DROP VIEW {v}")
    spark.sql(f"REVOKE SELECT ON VIEW {v} FROM `{BEN}`")
    with pytest.raises(AnalysisException, match=f"SELECT on Table '{v}'"):
        spark.sql(f"SELECT * FROM {schema}.bens")
    ben.sql(f"DROP VIEW {schema}.bens")


def test_dropped_view_leaves_no_grants(spark, v):
    spark.sql(f"GRANT SELECT ON VIEW {v} TO `{ANA}`")
    spark.sql(f"DROP VIEW {v}")
    spark.sql(f"CREATE VIEW {v} AS SELECT 1 AS a")
    granted = [row.objectType for row in spark.sql(f"SHOW GRANTS ON VIEW {v}").collect()]
    assert "TABLE" not in granted


def test_a_view_does_not_see_session_variables(spark, schema):
    spark.sql("CREATE TABLE t (id INT)")
    spark.sql("CREATE VIEW v AS SELECT id FROM t")
    spark.sql("DECLARE VARIABLE id INT DEFAULT 7")
    try:
        assert spark.sql("SELECT * FROM v").columns == ["id"]
        spark.sql("CREATE OR REPLACE TABLE t (other INT)")
        with pytest.raises(AnalysisException) as raised:
            spark.sql("SELECT * FROM v").collect()
        assert raised.value.getCondition() == "UNRESOLVED_COLUMN.WITH_SUGGESTION"
    finally:
        spark.sql("DROP TEMPORARY VARIABLE id")
