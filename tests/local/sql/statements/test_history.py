"""``DESCRIBE HISTORY`` and ``DESCRIBE DETAIL``."""

from __future__ import annotations

import pytest

from tests.local.sql.statement_rows import (
    ANY,
    NO_SCHEMA,
    NO_TABLE,
    Refusal,
    Row,
    check,
    check_refused,
    row_id,
)

HISTORY = (
    "version timestamp userId userName operation operationParameters job notebook clusterId "
    "readVersion isolationLevel isBlindAppend operationMetrics userMetadata engineInfo"
)
DETAIL = (
    "format id name description location createdAt lastModified partitionColumns clusteringColumns "
    "numFiles sizeInBytes properties minReaderVersion minWriterVersion tableFeatures"
)
ROWS = [
    Row("DESCRIBE HISTORY t", HISTORY, [(v, *[ANY] * 14) for v in (2, 1, 0)]),
    Row("DESC HISTORY {s}.t LIMIT 1", HISTORY, [(2, *[ANY] * 14)]),
    Row(
        "DESCRIBE DETAIL t",
        DETAIL,
        [("delta", ANY, "{s}.t", "about t", *[ANY] * 5, 2, *[ANY] * 5)],
        changes=False,
    ),
]
REFUSALS = [
    Refusal("DESCRIBE HISTORY absent", NO_TABLE, "absent"),
    Refusal("DESCRIBE DETAIL absent.t", NO_SCHEMA, "absent"),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)
