"""``DESCRIBE`` of tables, columns, schemas and catalogs."""

from __future__ import annotations

import pytest

from lakelab.local.catalog.governance import DEFAULT_USER
from tests.local.sql.statement_rows import (
    ANY,
    NO_CATALOG,
    NO_COLUMN,
    NO_SCHEMA,
    NO_TABLE,
    Refusal,
    Row,
    check,
    check_refused,
    row_id,
)

DESCRIBED = "col_name data_type comment"
ROWS = [
    Row(
        "DESCRIBE TABLE t",
        DESCRIBED,
        [("id", "bigint", "which"), ("ts", "timestamp", None), ("x", "double", None)],
        changes=False,
    ),
    Row("DESC EXTENDED t", DESCRIBED, None, changes=False),
    Row("DESCRIBE FORMATTED t", DESCRIBED, None, changes=False),
    Row("DESC EXTENDED t x", "info_name info_value", None, changes=False),
    Row(
        "DESCRIBE CATALOG dev",
        "info_name info_value",
        [("Catalog Name", "dev"), ("Comment", ANY), ("Owner", DEFAULT_USER)],
        changes=False,
    ),
    Row("DESC CATALOG EXTENDED `dev` ;", "info_name info_value", None, changes=False),
    Row(
        "DESCRIBE DATABASE EXTENDED `{schema}`",
        "database_description_item database_description_value",
        [
            ("Catalog Name", "main"),
            ("Namespace Name", "{schema}"),
            ("Comment", ""),
            ("Location", ANY),
            ("Owner", DEFAULT_USER),
            ("Properties", ""),
        ],
        changes=False,
    ),
]
REFUSALS = [
    Refusal("DESCRIBE TABLE absent", NO_TABLE, "has: n, t"),
    Refusal("DESCRIBE t y", NO_COLUMN, "no column 'y'"),
    Refusal("DESCRIBE CATALOG absent", NO_CATALOG, "'absent' was not found"),
    Refusal("DESCRIBE SCHEMA main.absent", NO_SCHEMA, "`main`.`absent` cannot be found"),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)


def test_extended_has_properties_owner_and_constraints(spark, fresh_schema):
    spark.sql("ALTER TABLE t ADD CONSTRAINT warm CHECK (x > 0)")
    values = {
        row["col_name"]: row["data_type"] for row in spark.sql("DESCRIBE EXTENDED t").collect()
    }
    assert values["x"] == "double"
    assert (values["Comment"], values["Provider"], values["Owner"]) == (
        "about t",
        "delta",
        DEFAULT_USER,
    )
    assert values["t_pk"] == "PRIMARY KEY (`id`, `ts` TIMESERIES)"
    assert values["warm"] == "CHECK (x > 0)"
    assert "team=ml" in values["Table Properties"]
