"""``CREATE`` and ``DROP`` of schemas and catalogs."""

from __future__ import annotations

import uuid

import pytest
from pyspark.errors import ParseException, PySparkException

from lakelab.local.catalog.governance import DEFAULT_USER
from lakelab.local.catalog.securable import Securable
from tests.local.sql.statement_rows import (
    ANY,
    INVALID,
    NO_CATALOG,
    NO_SCHEMA,
    Refusal,
    Row,
    check,
    check_refused,
    row_id,
    rows,
)

ROWS = [
    Row(
        "CREATE SCHEMA {s}_more COMMENT 'more'",
        then={"DESCRIBE SCHEMA {s}_more": [ANY, ANY, ("Comment", "more"), ANY, ANY]},
    ),
    Row("CREATE DATABASE IF NOT EXISTS {s} COMMENT 'again'", then={"SHOW TABLES IN {s}": []}),
    Row("CREATE CATALOG IF NOT EXISTS main"),
    Row("DROP SCHEMA {s} CASCADE", then={"SHOW SCHEMAS LIKE '{schema}'": []}),
    Row("DROP DATABASE IF EXISTS main.absent RESTRICT"),
    Row("DROP CATALOG IF EXISTS absent"),
    Row("DROP SCHEMA {s} CASCADE -- x", then={"SHOW SCHEMAS LIKE '{schema}'": []}),
    Row("CREATE SCHEMA main.`{schema}_more`", then={"SHOW TABLES IN {s}_more": []}),
]
REFUSALS = [
    Refusal("DROP SCHEMA {s} CASCADE now", "PARSE_SYNTAX_ERROR", "'now'", ParseException),
    Refusal("CREATE SCHEMA main.`two words`", INVALID, "'two words' must have"),
    Refusal("CREATE SCHEMA {s}", "SCHEMA_ALREADY_EXISTS", "IF NOT EXISTS"),
    Refusal("CREATE SCHEMA absent.s", NO_CATALOG, "absent"),
    Refusal("CREATE SCHEMA main.s MANAGED LOCATION 'x'", None, "MANAGED LOCATION", ParseException),
    Refusal("CREATE CATALOG main", "CATALOG_ALREADY_EXISTS", "IF NOT EXISTS"),
    Refusal("CREATE CATALOG hive_metastore", "CATALOG_ALREADY_EXISTS", "hive_metastore"),
    Refusal("DROP SCHEMA {s}", "SCHEMA_NOT_EMPTY", "CASCADE"),
    Refusal("DROP SCHEMA main.absent", NO_SCHEMA, "absent"),
    Refusal("DROP CATALOG main CASCADE", None, "current catalog"),
    Refusal("DROP CATALOG absent", NO_CATALOG, "absent"),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)


def test_new_catalog_can_be_used_at_once(spark, fresh_schema):
    name = f"c_{uuid.uuid4().hex[:8]}"
    frame = spark.table("n")
    spark.sql(f"CREATE CATALOG {name} COMMENT 'new'")
    assert spark.catalog.currentDatabase() == fresh_schema["schema"]
    assert frame.count() == 2, "a DataFrame outlives its engine"
    info = dict(rows(spark.sql(f"DESCRIBE CATALOG {name}")))
    assert (info["Comment"], info["Owner"]) == ("new", DEFAULT_USER)
    spark.sql(f"USE CATALOG {name}")
    spark.sql("CREATE TABLE default.t AS SELECT 5 AS x")
    assert rows(spark.sql("SELECT * FROM t")) == [(5,)]
    spark.sql("USE CATALOG main")
    assert rows(spark.sql(f"SELECT * FROM {name}.default.t")) == [(5,)]
    with pytest.raises(PySparkException, match=r"has 1 schema\(s\): default.*CASCADE"):
        spark.sql(f"DROP CATALOG {name}")
    spark.sql(f"DROP CATALOG {name} CASCADE")
    assert rows(spark.sql(f"SHOW CATALOGS '{name}'")) == []


def test_grants_do_not_outlive_a_dropped_schema(spark, fresh_schema):
    spark.sql("CREATE FUNCTION f(x INT) RETURNS INT RETURN x")
    spark.sql("GRANT EXECUTE ON FUNCTION f TO ben")
    spark.sql("GRANT SELECT ON TABLE t TO ben")
    spark.sql(f"ALTER SCHEMA {fresh_schema['s']} SET TAGS ('a' = 'b')")
    spark.sql(f"DROP SCHEMA {fresh_schema['s']} CASCADE /* all */ -- of it")
    governance = spark.unity.governance
    for kind, name in (("function", ".f"), ("table", ".t"), ("schema", "")):
        securable = Securable(kind, fresh_schema["s"] + name)
        assert governance.grants(securable) == {}
    assert governance.tags(Securable("schema", fresh_schema["s"])) == {}


def test_temporary_view_is_not_lost_to_a_new_catalog(spark, fresh_schema):
    name = f"c_{uuid.uuid4().hex[:8]}"
    spark.sql("CREATE TEMP VIEW seen AS SELECT a FROM n")
    spark.sql(f"CREATE CATALOG {name}")
    with pytest.raises(PySparkException, match="drop seen first"):
        spark.sql(f"USE CATALOG {name}")
    assert spark.table("seen").count() == 2
    spark.catalog.dropTempView("seen")
    spark.sql(f"DROP CATALOG {name}")
