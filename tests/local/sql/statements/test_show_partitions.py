"""``SHOW PARTITIONS``."""

from __future__ import annotations

import pytest

from tests.local.sql.statement_rows import (
    NO_TABLE,
    Refusal,
    Row,
    check,
    check_refused,
    row_id,
)

PARTITIONED = (
    "CREATE TABLE p (x INT, day DATE, Place STRING) PARTITIONED BY (day, Place)",
    "INSERT INTO p VALUES (1, DATE '2013-01-01', 'a/b'), (2, DATE '2013-01-01', 'c'), (3, NULL, 'c')",
)
ROWS = [
    Row(
        "SHOW PARTITIONS p",
        "partition",
        [
            ("day=2013-01-01/Place=a%2Fb",),
            ("day=2013-01-01/Place=c",),
            ("day=__HIVE_DEFAULT_PARTITION__/Place=c",),
        ],
        given=PARTITIONED,
    ),
    Row(
        "SHOW PARTITIONS {s}.p PARTITION (place = 'c', DAY = '2013-01-01')",
        "partition",
        [("day=2013-01-01/Place=c",)],
        given=PARTITIONED,
    ),
]
REFUSALS = [
    Refusal("SHOW PARTITIONS absent", NO_TABLE, "absent"),
    Refusal("SHOW PARTITIONS n", "DELTA_SHOW_PARTITION_IN_NON_PARTITIONED_TABLE", "n"),
    Refusal(
        "SHOW PARTITIONS p PARTITION (x = 1)",
        "DELTA_SHOW_PARTITION_IN_NON_PARTITIONED_COLUMN",
        "x are specified.*day, Place",
        given=PARTITIONED,
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)
