"""Constraints of ``ALTER TABLE``."""

from __future__ import annotations

import pytest
from pyspark.errors import PySparkException

from tests.local.sql.statement_rows import (
    NO_COLUMN,
    Refusal,
    Row,
    check,
    check_refused,
    key_columns,
    row_id,
)

ROWS = [
    Row(
        "ALTER TABLE n ADD CONSTRAINT n_pk PRIMARY KEY (a)",
        then={key_columns("n"): [("n_pk", "a", 1)]},
        given=("ALTER TABLE n ALTER COLUMN a SET NOT NULL",),
    ),
    Row(
        "ALTER TABLE n ADD PRIMARY KEY (A)",
        then={key_columns("n"): [("n_pk", "a", 1)]},
        given=("ALTER TABLE n ALTER COLUMN a SET NOT NULL",),
    ),
    Row("ALTER TABLE t DROP CONSTRAINT T_PK", then={key_columns("t"): []}),
    Row("ALTER TABLE t DROP CONSTRAINT IF EXISTS t_pk CASCADE", then={key_columns("t"): []}),
    Row("ALTER TABLE t DROP PRIMARY KEY", then={key_columns("t"): []}),
    Row("ALTER TABLE n DROP PRIMARY KEY IF EXISTS"),
    Row("ALTER TABLE n DROP CONSTRAINT IF EXISTS absent"),
    Row(
        "ALTER TABLE n ADD CONSTRAINT positive CHECK (a > 0)",
        then={
            "SELECT constraint_name, constraint_type, enforced FROM "
            "information_schema.table_constraints WHERE table_name = 'n'": [
                ("positive", "CHECK", "YES")
            ]
        },
    ),
    Row(
        "ALTER TABLE n DROP CONSTRAINT positive",
        then={"SELECT count(*) FROM n WHERE a < 0": [(0,)], "SHOW TBLPROPERTIES n": []},
        given=("ALTER TABLE n ADD CONSTRAINT positive CHECK (a > 0)",),
    ),
]
REFUSALS = [
    Refusal(
        "ALTER TABLE n ADD CONSTRAINT known CHECK (b <> 'two')",
        "DELTA_NEW_CHECK_CONSTRAINT_VIOLATION",
        "1 rows in",
    ),
    Refusal(
        "ALTER TABLE n ADD CONSTRAINT c CHECK (a + 1)",
        "DELTA_NON_BOOLEAN_CHECK_CONSTRAINT",
        "boolean expression",
    ),
    Refusal(
        "CREATE TABLE m (a INT, CONSTRAINT c CHECK (a > 0))",
        "UNSUPPORTED_FEATURE.TABLE_OPERATION",
        "ADD CONSTRAINT name CHECK",
    ),
    Refusal(
        "CREATE TABLE m (a INT CHECK (a > 0))",
        "UNSUPPORTED_FEATURE.TABLE_OPERATION",
        "ADD CONSTRAINT name CHECK",
    ),
    Refusal(
        "ALTER TABLE n ADD CONSTRAINT k PRIMARY KEY (a)", None, "`a` is nullable.*SET NOT NULL"
    ),
    Refusal(
        "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (id)", None, "already has.*'t_pk'.*Drop it"
    ),
    Refusal("ALTER TABLE n ADD PRIMARY KEY (c)", NO_COLUMN, "no column 'c'. It has: a, b"),
    Refusal("ALTER TABLE n DROP PRIMARY KEY", None, "no primary key"),
    Refusal(
        "ALTER TABLE t DROP CONSTRAINT other",
        "DELTA_CONSTRAINT_DOES_NOT_EXIST",
        "nonexistent constraint other.*it has `t_pk`",
    ),
    Refusal(
        "ALTER TABLE n ADD CONSTRAINT big CHECK (a > 1)",
        "DELTA_NEW_CHECK_CONSTRAINT_VIOLATION",
        r"1 rows in .*violate the new CHECK constraint \(a > 1\)",
    ),
    Refusal(
        "ALTER TABLE n ADD CONSTRAINT Positive CHECK (a > 1)",
        "DELTA_CONSTRAINT_ALREADY_EXISTS",
        r"'Positive' already exists.*\n.*\na > 0",
        given=("ALTER TABLE n ADD CONSTRAINT positive CHECK (a > 0)",),
    ),
    Refusal(
        "ALTER TABLE n ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES t (id)",
        None,
        "not kept on a laptop",
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)


FEATURES = " TBLPROPERTIES ('delta.feature.allowColumnDefaults' = 'supported')"


def create_checked_table(spark, column: str, condition: str, properties: str = "") -> None:
    spark.sql(f"CREATE TABLE c (id INT, {column} INT, v INT){properties}")
    spark.sql(f"ALTER TABLE c ADD CONSTRAINT `the check` CHECK ( {condition} )")
    assert spark.unity.table(spark.resolve("c")).checks == {"the check": condition}
    spark.sql("INSERT INTO c VALUES (1, 1, 1)")


@pytest.mark.parametrize("properties", ["", FEATURES], ids=["", "features"])
@pytest.mark.parametrize("column", ["`a-b`", "`select`", "`c``d`", "v2"])
def test_insert_checks_a_condition_that_has_the_text_of_the_user(spark, schema, column, properties):
    create_checked_table(spark, column, f"{column} /* degrees */  >  0", properties)
    for bad in ("VALUES (2, -1, 1)", "VALUES (2, NULL, 1)", f"(id, {column}) VALUES (2, -1)"):
        with pytest.raises(PySparkException, match="DELTA_VIOLATE_CONSTRAINT_WITH_VALUES"):
            spark.sql(f"INSERT INTO c {bad}")
    assert [tuple(row) for row in spark.table("c").collect()] == [(1, 1, 1)]


@pytest.mark.parametrize("column", ["`a-b`", "`c``d`"])
def test_all_writers_check_a_condition_with_backticks(spark, schema, column):
    create_checked_table(spark, column, f"{column} > 0")
    bad = f"SELECT 2 AS id, -1 AS {column}, 1 AS v"
    frame = spark.createDataFrame([(2, -1, 1)], f"id INT, {column} INT, v INT")
    writes = [
        lambda: spark.sql("INSERT OVERWRITE c VALUES (2, -1, 1)"),
        lambda: spark.sql(f"UPDATE c SET {column} = -1"),
        lambda: spark.sql(
            f"MERGE INTO c USING ({bad}) s ON c.id = s.id WHEN NOT MATCHED THEN INSERT *"
        ),
        lambda: frame.write.mode("append").saveAsTable("c"),
        lambda: frame.write.mode("overwrite").saveAsTable("c"),
        lambda: frame.write.insertInto("c"),
        lambda: frame.writeTo("c").append(),
    ]
    for write in writes:
        with pytest.raises(PySparkException, match="DELTA_VIOLATE_CONSTRAINT_WITH_VALUES"):
            write()
    assert [tuple(row) for row in spark.table("c").collect()] == [(1, 1, 1)]
