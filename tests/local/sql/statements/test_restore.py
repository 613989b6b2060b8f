"""``RESTORE TABLE``."""

from __future__ import annotations

import pytest

from tests.local.sql.statement_rows import (
    ANY,
    TAGS,
    Refusal,
    Row,
    check,
    check_refused,
    key_columns,
    row_id,
)

RESTORED = (
    "table_size_after_restore num_of_files_after_restore num_removed_files num_restored_files "
    "removed_files_size restored_files_size"
)
ROWS = [
    Row(
        "RESTORE TABLE t TO VERSION AS OF 1",
        RESTORED,
        [(ANY, 1, 1, 0, ANY, 0)],
        then={
            "SELECT id FROM t": [(1,)],
            TAGS: [("kept", "yes")],
            key_columns("t"): [("t_pk", "id", 1), ("t_pk", "ts", 2)],
            "SHOW COLUMNS IN t": [("id",), ("ts",), ("x",)],
        },
        given=("ALTER TABLE t ADD COLUMN y INT", "ALTER TABLE t SET TAGS ('kept' = 'yes')"),
    ),
    Row(
        "RESTORE n TIMESTAMP AS OF (SELECT timestamp '{first}')",
        RESTORED,
        [(0, 0, 1, 0, ANY, 0)],
        then={"SELECT * FROM n": []},
    ),
]
REFUSALS = [
    Refusal(
        "RESTORE TABLE t TO VERSION AS OF 99",
        "DELTA_CANNOT_RESTORE_TABLE_VERSION",
        r"version 99. Available versions: \[0, ",
    ),
    Refusal(
        "RESTORE TABLE t TO TIMESTAMP AS OF '2000-01-01'",
        "DELTA_CANNOT_RESTORE_TIMESTAMP_EARLIER",
        "before the earliest version",
    ),
    Refusal(
        "RESTORE TABLE t TO TIMESTAMP AS OF '2100-01-01'",
        "DELTA_CANNOT_RESTORE_TIMESTAMP_GREATER",
        "after the latest version",
    ),
    Refusal(
        "RESTORE TABLE n TO VERSION AS OF 1",
        "DELTA_FILE_NOT_FOUND_DETAILED",
        "1 of its files are gone.*VACUUM",
        given=("DELETE FROM n", "SET {check} = false", "VACUUM n RETAIN 0 HOURS"),
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)
