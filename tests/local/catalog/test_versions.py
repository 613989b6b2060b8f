"""How long a table keeps the files of its older versions."""

from __future__ import annotations

import pytest

from lakelab.local.catalog.versions import RETENTION, retention_hours


@pytest.mark.parametrize(
    ("interval", "hours"),
    [
        ("interval 30 days", 720),
        ("2 WEEKS", 336),
        ("interval 1 day 12 hours", 36),
        ("interval 90 minutes", 1.5),
        ("", 168),
        ("interval some days", 168),
        ("interval 7", 168),
    ],
)
def test_how_long_a_table_keeps_its_deleted_files(interval, hours):
    assert retention_hours({RETENTION: interval}) == hours
