"""``SET``, ``RESET`` and ``SET TIME ZONE``."""

from __future__ import annotations

import pytest

from tests.local.sql.statement_rows import (
    Refusal,
    Row,
    check,
    check_refused,
    row_id,
)

KEY_VALUE = "key value"
ZONE = "spark.sql.session.timeZone"
RESET = {f"RESET {ZONE}": [], f"SET {ZONE}": [(ZONE, "UTC")]}
ROWS = [
    Row("SET my.own-key = 1", KEY_VALUE, [("my.own-key", "1")], then={"RESET my.own-key": []}),
    Row("SET my.other", KEY_VALUE, [("my.other", "<undefined>")]),
    Row(
        "RESET my.key",
        given=("SET my.key = 1",),
        then={"SET my.key": [("my.key", "<undefined>")]},
    ),
    Row(
        "RESET",
        given=("SET my.key = 1", "SET spark.sql.sources.default = parquet"),
        then={
            "SET my.key": [("my.key", "<undefined>")],
            "SET spark.sql.sources.default": [("spark.sql.sources.default", "delta")],
        },
    ),
    Row("SET TIME ZONE 'Asia/Tokyo'", KEY_VALUE, [(ZONE, "Asia/Tokyo")], then=RESET),
    Row("SET TIME ZONE '+05:30'", KEY_VALUE, [(ZONE, "+05:30")], then=RESET),
    Row("SET TIME ZONE INTERVAL '-2' HOUR", KEY_VALUE, [(ZONE, "-02:00")], then=RESET),
    Row("SET TIME ZONE LOCAL", KEY_VALUE, [(ZONE, "UTC")], then=RESET),
]
REFUSALS = [
    Refusal("SET TIME ZONE 'Mars/Base'", "INVALID_CONF_VALUE.TIME_ZONE", "Mars/Base"),
    Refusal(f"SET {ZONE} = nowhere", "INVALID_CONF_VALUE.TIME_ZONE", "nowhere"),
    Refusal(
        "SET TIME ZONE INTERVAL '19' HOUR",
        "INVALID_INTERVAL_FORMAT.TIMEZONE_INTERVAL_OUT_OF_RANGE",
        "-18, .18",
    ),
    Refusal("SET TIME ZONE tokyo", "PARSE_SYNTAX_ERROR", "a zone in quotes"),
    Refusal("SET -v", None, "SET -v runs on Databricks only"),
]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_statements(spark, row_schema, row):
    check(spark, row_schema, row)


@pytest.mark.parametrize("row", REFUSALS, ids=row_id)
def test_refusals(spark, row_schema, row):
    check_refused(spark, row_schema, row)


def test_set_lists_the_settings(spark):
    settings = dict(spark.sql("SET").collect())
    assert settings[ZONE] == "UTC"
