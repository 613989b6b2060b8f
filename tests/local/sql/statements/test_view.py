"""``CREATE``, ``ALTER`` and ``DROP`` of views, and what other statements say of them."""

from __future__ import annotations

import pytest
from pyspark.errors import ParseException

from tests.local.sql.statement_rows import (
    ANY,
    NO_COLUMN,
    NO_SCHEMA,
    NO_TABLE,
    Refusal,
    Row,
    check,
    check_refused,
    row_id,
)

V = "CREATE VIEW v AS SELECT a, b FROM n"
W = "CREATE VIEW w AS SELECT * FROM v"
FULL = (
    "CREATE VIEW f (x COMMENT 'the x', y) COMMENT 'about' TBLPROPERTIES ('k' = 'v', a.b = 1) "
    "AS SELECT a, b FROM n"
)
ROWS_OF_N = [(1, "one"), (2, None)]
TAKEN = "TABLE_OR_VIEW_ALREADY_EXISTS"
NOT_VIEW, NOT_TABLE = "EXPECT_VIEW_NOT_TABLE", "EXPECT_TABLE_NOT_VIEW"
ARITY = "CREATE_VIEW_COLUMN_ARITY_MISMATCH"

ROWS = [
    Row(V, then={"SELECT * FROM v": ROWS_OF_N, "SELECT * FROM {s}.v WHERE a > 1": [(2, None)]}),
    Row("CREATE VIEW IF NOT EXISTS v AS SELECT 1 AS z", given=(V,), then={"SELECT * FROM v": ROWS_OF_N}),
    Row("CREATE OR REPLACE VIEW v AS SELECT 1 AS z", given=(V,), then={"SELECT * FROM v": [(1,)]}),
    Row("CREATE OR REPLACE VIEW v AS SELECT a FROM n", then={"SELECT * FROM v": [(1,), (2,)]}),
    Row("CREATE VIEW IF NOT EXISTS n AS SELECT 1 AS z", then={"SELECT * FROM n": ROWS_OF_N}),
    Row(FULL, then={"SELECT x, y FROM f": ROWS_OF_N, "DESCRIBE f": [("x", "int", "the x"), ("y", "string", None)]}),
    Row("CREATE VIEW d (p, q) AS SELECT a, a FROM n", then={"SELECT * FROM d": [(1, 1), (2, 2)]}),
    Row("CREATE VIEW c WITH SCHEMA COMPENSATION AS WITH x AS (SELECT a FROM n) SELECT * FROM x",
        then={"SELECT * FROM c": [(1,), (2,)]}),
    Row(W, given=(V,), then={"SELECT w.a, {schema}.w.b, {s}.w.a FROM {s}.w": [(1, "one", 1), (2, None, 2)]}),
    Row("ALTER VIEW v AS SELECT a AS p FROM n", given=(V,), then={"SELECT p FROM v": [(1,), (2,)]}),
    Row("ALTER VIEW v RENAME TO x", given=(V,), then={"SELECT * FROM x": ROWS_OF_N}),
    Row("ALTER VIEW f SET TBLPROPERTIES ('k' = 'w')", given=(FULL,),
        then={"SHOW TBLPROPERTIES f": [("a.b", "1"), ("k", "w")]}),
    Row("ALTER VIEW f UNSET TBLPROPERTIES IF EXISTS ('k', 'none')", given=(FULL,),
        then={"SHOW TBLPROPERTIES f": [("a.b", "1")]}),
    Row("ALTER VIEW v OWNER TO `ben@example.com`", given=("CREATE VIEW v AS SELECT 1 AS a",),
        then={"SELECT table_owner FROM information_schema.tables WHERE table_schema = '{schema}' AND table_name = 'v'":
              [("ben@example.com",)]}),
    Row("COMMENT ON VIEW v IS 'new'", given=(V,), then={
        "SELECT comment FROM information_schema.tables WHERE table_schema = '{schema}' AND table_name = 'v'":
        [("new",)]}),
    Row("GRANT SELECT ON VIEW v TO `ben@example.com`", given=(V,),
        then={"SHOW GRANTS ON TABLE v": [("ben@example.com", "SELECT", "TABLE", "{s}.v")]}),
    Row("DROP VIEW v", given=(V,), then={"SHOW VIEWS": []}),
    Row("DROP VIEW IF EXISTS absent"),
    Row("SHOW VIEWS", "namespace viewName isTemporary", [("{schema}", "v", False), ("{schema}", "w", False)],
        given=(V, W)),
    Row("SHOW TABLES LIKE 'v'", "database tableName isTemporary", [("{schema}", "v", False)], given=(V,)),
    Row("SHOW COLUMNS IN f", "col_name", [("x",), ("y",)], given=(FULL,)),
    Row("SHOW TBLPROPERTIES f ('k')", "key value", [("k", "v")], given=(FULL,)),
    Row("SHOW CREATE TABLE f", "createtab_stmt",
        [("CREATE VIEW {s}.f (\n  `x` COMMENT 'the x',\n  `y`)\nCOMMENT 'about'\nTBLPROPERTIES (\n  "
          "'a.b' = '1',\n  'k' = 'v')\nWITH SCHEMA COMPENSATION\nAS SELECT a, b FROM n\n",)], given=(FULL,)),
    Row("DESCRIBE TABLE f x", "info_name info_value",
        [("col_name", "x"), ("data_type", "int"), ("comment", "the x")], given=(FULL,)),
    Row("DESCRIBE EXTENDED f", "col_name data_type comment", [
        ("x", "int", "the x"), ("y", "string", None), ("", "", ""), ("# Detailed Table Information", "", ""),
        ("Catalog", "main", ""), ("Database", "{schema}", ""), ("Table", "f", ""), ("Created Time", ANY, ""),
        ("Created By", "learner@example.com", ""), ("Type", "VIEW", ""), ("Comment", "about", ""),
        ("View Text", "SELECT a, b FROM n", ""), ("View Schema Mode", "COMPENSATION", ""),
        ("View Catalog and Namespace", "{s}", ""), ("View Query Output Columns", "[`a`, `b`]", ""),
        ("Owner", "learner@example.com", ""), ("Table Properties", "[a.b=1, k=v]", "")], given=(FULL,)),
    Row("CREATE TABLE l LIKE f", given=(FULL,), then={"DESCRIBE l": [("x", "int", "the x"), ("y", "string", None)]}),
    Row("SELECT view_definition, is_updatable FROM information_schema.views WHERE table_schema = '{schema}'",
        "view_definition is_updatable", [("SELECT a, b FROM n", "NO")], given=(V,)),
    Row("SELECT table_type FROM information_schema.tables WHERE table_schema = '{schema}' AND table_name = 'v'",
        "table_type", [("VIEW",)], given=(V,)),
    Row("DROP SCHEMA {s} CASCADE", given=(V, "USE main.default"), then={"SHOW SCHEMAS LIKE '{schema}'": []}),
]  # fmt: skip
REFUSALS = [
    Refusal("CREATE VIEW v AS SELECT 1 AS a", TAKEN, "v", given=(V,)),
    Refusal("CREATE VIEW n AS SELECT 1 AS a", TAKEN, "n"),
    Refusal("CREATE OR REPLACE VIEW n AS SELECT 1 AS a", f"{NOT_VIEW}.NO_ALTERNATIVE", "n"),
    Refusal("CREATE OR REPLACE VIEW IF NOT EXISTS v AS SELECT 1 AS a",
            "CREATE_VIEW_WITH_IF_NOT_EXISTS_AND_REPLACE", "not allowed", ParseException),
    Refusal("CREATE VIEW main.absent.v AS SELECT 1 AS a", NO_SCHEMA, "absent"),
    Refusal("CREATE VIEW v AS SELECT * FROM absent", NO_TABLE, "absent"),
    Refusal("CREATE VIEW v AS SELECT absent FROM n", NO_COLUMN, "absent"),
    Refusal("CREATE VIEW v AS SELECT a + 1 FROM n", "CREATE_PERMANENT_VIEW_WITHOUT_ALIAS", "alias"),
    Refusal("CREATE VIEW v AS SELECT a, A FROM n", "COLUMN_ALREADY_EXISTS", "`a`"),
    Refusal("CREATE VIEW v (x, X) AS SELECT a, b FROM n", "COLUMN_ALREADY_EXISTS", "`x`"),
    Refusal("CREATE VIEW v (x) AS SELECT a, b FROM n", f"{ARITY}.TOO_MANY_DATA_COLUMNS", "`a`, `b`"),
    Refusal("CREATE VIEW v (x, y) AS SELECT a FROM n", f"{ARITY}.NOT_ENOUGH_DATA_COLUMNS", "`x`, `y`"),
    Refusal("CREATE VIEW v (x INT) AS SELECT a FROM n", "PARSE_SYNTAX_ERROR", "column name", ParseException),
    Refusal("CREATE VIEW v", "PARSE_SYNTAX_ERROR", "AS", ParseException),
    Refusal("CREATE VIEW v AS DELETE FROM n", "PARSE_SYNTAX_ERROR", "query", ParseException),
    Refusal("CREATE VIEW v WITH SCHEMA EVOLUTION AS SELECT a FROM n", "UNSUPPORTED_FEATURE.LOCAL_ENGINE", "EVOLUTION"),
    Refusal("CREATE VIEW v AS SELECT :x AS x",
            "UNSUPPORTED_FEATURE.PARAMETER_MARKER_IN_UNEXPECTED_STATEMENT", "Parameter markers"),
    Refusal("CREATE OR REPLACE VIEW v AS SELECT * FROM w", "RECURSIVE_VIEW", "cycle", given=(V, W)),
    Refusal("ALTER VIEW v AS SELECT * FROM w", "RECURSIVE_VIEW", "cycle", given=(V, W)),
    Refusal("ALTER VIEW absent AS SELECT 1 AS a", NO_TABLE, "absent"),
    Refusal("ALTER VIEW n AS SELECT 1 AS a", f"{NOT_VIEW}.NO_ALTERNATIVE", "n"),
    Refusal("ALTER VIEW n SET TBLPROPERTIES ('a' = 'b')", f"{NOT_VIEW}.USE_ALTER_TABLE", "n"),
    Refusal("ALTER VIEW v RENAME TO n", TAKEN, "n", given=(V,)),
    Refusal("ALTER VIEW v SET TAGS ('a' = 'b')", "UNSUPPORTED_FEATURE.LOCAL_ENGINE", "tags", given=(V,)),
    Refusal("ALTER TABLE v RENAME TO x", f"{NOT_TABLE}.USE_ALTER_VIEW", "v", given=(V,)),
    Refusal("ALTER TABLE v SET TBLPROPERTIES ('a' = 'b')", f"{NOT_TABLE}.USE_ALTER_VIEW", "v", given=(V,)),
    Refusal("ALTER TABLE v ADD COLUMNS (z INT)", f"{NOT_TABLE}.NO_ALTERNATIVE", "v", given=(V,)),
    Refusal("DROP VIEW n", "WRONG_COMMAND_FOR_OBJECT_TYPE", "DROP TABLE"),
    Refusal("DROP VIEW absent", NO_TABLE, "absent"),
    Refusal("DROP TABLE v", "WRONG_COMMAND_FOR_OBJECT_TYPE", "DROP VIEW", given=(V,)),
    Refusal("CREATE TABLE v (x INT)", TAKEN, "v", given=(V,)),
    Refusal("CREATE OR REPLACE TABLE v (x INT)", "DELTA_CANNOT_WRITE_INTO_VIEW", "v", given=(V,)),
    Refusal("ALTER TABLE n RENAME TO v", TAKEN, "v", given=("CREATE VIEW v AS SELECT 1 AS a",)),
    Refusal("INSERT INTO v VALUES (1, 'x')", f"{NOT_TABLE}.NO_ALTERNATIVE", "INSERT", given=(V,)),
    Refusal("UPDATE v SET a = 1", "DELTA_UNSUPPORTED_SOURCE", "UPDATE", given=(V,)),
    Refusal("DELETE FROM v", "DELTA_UNSUPPORTED_SOURCE", "DELETE", given=(V,)),
    Refusal("MERGE INTO v USING n ON v.a = n.a WHEN MATCHED THEN DELETE", "DELTA_UNSUPPORTED_SOURCE", "MERGE", given=(V,)),
    Refusal("OPTIMIZE v", f"{NOT_TABLE}.NO_ALTERNATIVE", "v", given=(V,)),
    Refusal("DESCRIBE HISTORY v", f"{NOT_TABLE}.NO_ALTERNATIVE", "v", given=(V,)),
    Refusal("SELECT * FROM v VERSION AS OF 0", "UNSUPPORTED_FEATURE.TIME_TRAVEL", "v", given=(V,)),
    Refusal("SELECT * FROM v@v0", "UNSUPPORTED_FEATURE.TIME_TRAVEL", "v", given=(V,)),
    Refusal("ANALYZE TABLE v COMPUTE STATISTICS", "UNSUPPORTED_FEATURE.ANALYZE_VIEW", "views", given=(V,)),
    Refusal("SELECT * FROM v", NO_TABLE, "n", given=(V, "DROP TABLE n")),
    Refusal("SELECT * FROM v", NO_COLUMN, "`a`", given=(V, "CREATE OR REPLACE TABLE n (z INT, b STRING)")),
    Refusal("DROP SCHEMA {s}", "SCHEMA_NOT_EMPTY", "objects", given=("CREATE VIEW v AS SELECT 1 AS a",)),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)


def test_view_over_temporary_objects_is_refused(spark, schema):
    spark.range(1).createOrReplaceTempView("passing")
    try:
        with pytest.raises(Exception, match="INVALID_TEMP_OBJ_REFERENCE"):
            spark.sql("CREATE VIEW v AS SELECT * FROM passing")
        spark.sql("CREATE VIEW passing AS SELECT 7 AS x")
        assert spark.sql("SELECT * FROM passing").collect() == [(0,)]
        assert spark.sql(f"SELECT * FROM {schema}.passing").collect() == [(7,)]
        spark.sql("DROP VIEW passing")
        assert spark.sql("SELECT * FROM passing").collect() == [(7,)]
    finally:
        spark.catalog.dropTempView("passing")
