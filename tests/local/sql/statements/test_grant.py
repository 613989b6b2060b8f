"""``GRANT``, ``REVOKE`` and ``SHOW GRANTS``."""

from __future__ import annotations

import pytest

from tests.local.sql.statement_rows import (
    BEN,
    INVALID,
    NO_SCHEMA,
    NO_TABLE,
    Refusal,
    Row,
    check,
    check_refused,
    row_id,
)

GRANTS = "principal actionType objectType objectKey"
TO_BEN = (
    "GRANT SELECT, MODIFY ON TABLE t TO `ben@example.com`",
    "GRANT USE SCHEMA ON SCHEMA {s} TO `ben@example.com`",
)
ROWS = [
    Row(
        "GRANT SELECT, MODIFY ON TABLE t TO `ben@example.com`",
        then={
            "SHOW GRANTS ON t": [
                (BEN, "MODIFY", "TABLE", "{s}.t"),
                (BEN, "SELECT", "TABLE", "{s}.t"),
            ]
        },
    ),
    Row(
        "GRANT ALL PRIVILEGES ON SCHEMA {schema} TO `account users`",
        then={
            "SHOW GRANTS ON TABLE t": [("account users", "ALL PRIVILEGES", "SCHEMA", "{s}")],
            "SHOW GRANTS `ben@example.com` ON SCHEMA {s}": [],
        },
    ),
    Row(
        "GRANT USE CATALOG ON CATALOG dev TO analysts",
        then={
            "SHOW GRANTS analysts ON CATALOG dev": [("analysts", "USE CATALOG", "CATALOG", "dev")]
        },
    ),
    Row(
        "GRANT EXECUTE ON FUNCTION f TO `ben@example.com`",
        then={"SHOW GRANTS ON FUNCTION {s}.f": [(BEN, "EXECUTE", "FUNCTION", "{s}.f")]},
        given=("CREATE FUNCTION f(x INT) RETURNS INT RETURN x + 1",),
    ),
    Row(
        "REVOKE MODIFY ON t FROM `ben@example.com`",
        then={
            "SHOW GRANT `ben@example.com` ON TABLE t": [
                (BEN, "SELECT", "TABLE", "{s}.t"),
                (BEN, "USE SCHEMA", "SCHEMA", "{s}"),
            ]
        },
        given=TO_BEN,
    ),
    Row(
        "REVOKE ALL PRIVILEGES ON TABLE t FROM `ben@example.com`",
        then={"SHOW GRANTS ON TABLE t": [(BEN, "USE SCHEMA", "SCHEMA", "{s}")]},
        given=TO_BEN,
    ),
    Row("SHOW GRANTS ON SCHEMA {s}", GRANTS, [(BEN, "USE SCHEMA", "SCHEMA", "{s}")], given=TO_BEN),
]
REFUSALS = [
    Refusal("GRANT FLY ON TABLE t TO x", INVALID, "FLY is not applicable.*SELECT"),
    Refusal("GRANT EXECUTE ON TABLE t TO x", INVALID, "EXECUTE is not applicable"),
    Refusal("GRANT USE CATALOG ON SCHEMA {s} TO x", INVALID, "USE_CATALOG is not applicable"),
    Refusal("REVOKE FLY ON TABLE t FROM x", INVALID, "FLY is not applicable"),
    Refusal("GRANT SELECT ON TABLE absent TO x", NO_TABLE, "absent"),
    Refusal("GRANT SELECT ON SCHEMA main.absent TO x", NO_SCHEMA, "absent"),
    Refusal("GRANT EXECUTE ON MODEL absent TO x", "ROUTINE_NOT_FOUND", "absent"),
    Refusal("GRANT READ VOLUME ON VOLUME v TO x", None, "on Databricks only.*TABLE"),
    Refusal("GRANT CREATE CATALOG ON METASTORE TO x", None, "METASTORE"),
    Refusal("SHOW GRANTS ON TABLE absent", NO_TABLE, "absent"),
    Refusal(
        "GRANT SELECT ON TABLE hive_metastore.default.{schema} TO x",
        None,
        "no grants of Unity Catalog",
        given=("CREATE TABLE hive_metastore.default.{schema} (a INT)",),
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)
