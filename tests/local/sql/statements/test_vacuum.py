"""``VACUUM``."""

from __future__ import annotations

import pytest
from pyspark.errors import IllegalArgumentException

from tests.local.sql.statement_rows import ANY, NO_TABLE, Refusal, Row, check, check_refused, row_id

ROWS = [
    Row("VACUUM t", "path", [(ANY,)], then={"SELECT count(*) FROM t VERSION AS OF 1": [(1,)]}),
    Row("VACUUM t RETAIN 200 HOURS DRY RUN", "path", []),
    Row(
        "VACUUM n RETAIN 0 HOURS DRY RUN",
        "path",
        [(ANY,)],
        given=("DELETE FROM n", "SET {check} = false"),
    ),
    Row(
        "VACUUM n LITE RETAIN 1 HOURS",
        "path",
        [(ANY,)],
        given=(
            "ALTER TABLE n SET TBLPROPERTIES ('delta.deletedFileRetentionDuration' = 'interval 1 hour')",
        ),
    ),
]
REFUSALS = [
    Refusal("VACUUM absent", NO_TABLE, "absent"),
    Refusal(
        "VACUUM t RETAIN 167 HOURS",
        "DELTA_VACUUM_RETENTION_PERIOD_TOO_SHORT",
        'low retention period.*not less than "168 hours"',
        IllegalArgumentException,
    ),
    Refusal(
        "VACUUM t RETAIN 0 HOURS DRY RUN",
        "DELTA_VACUUM_RETENTION_PERIOD_TOO_SHORT",
        'retentionDurationCheck.*not less than "48 hours"',
        IllegalArgumentException,
        given=(
            "ALTER TABLE t SET TBLPROPERTIES ('delta.deletedFileRetentionDuration' = '2 days')",
        ),
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)
