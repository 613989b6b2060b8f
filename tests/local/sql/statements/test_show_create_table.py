"""``SHOW CREATE TABLE``."""

from __future__ import annotations

import pytest

from tests.local.sql.statement_rows import NO_TABLE, Refusal, Row, check, check_refused, row_id

ROWS = [
    Row("SHOW CREATE TABLE t", "createtab_stmt", None, changes=False),
]
REFUSALS = [
    Refusal("SHOW CREATE TABLE absent", NO_TABLE, "absent"),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)


def test_statement_creates_the_same_table(spark, fresh_schema):
    spark.sql(
        "CREATE TABLE nested (`a-b` STRUCT<One: INT, two: ARRAY<STRING>> COMMENT 'it\\'s', "
        "m MAP<STRING, DOUBLE>, d DECIMAL(9,2), `day-of` DATE) USING DELTA PARTITIONED BY (`day-of`)"
    )
    for name in ("t", "nested"):
        statement = spark.sql(f"SHOW CREATE TABLE {name}").first()[0]
        again = statement.replace(
            f"{fresh_schema['s']}.{name} (", f"{fresh_schema['s']}.{name}_again (", 1
        )
        assert again != statement
        spark.sql(again)
        assert spark.sql(f"SHOW CREATE TABLE {name}_again").first()[0] == again
        assert spark.table(f"{name}_again").schema == spark.table(name).schema
