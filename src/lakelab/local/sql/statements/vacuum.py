"""``VACUUM``.

Follows https://docs.databricks.com/aws/en/sql/language-manual/delta-vacuum
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyspark.errors import IllegalArgumentException

from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.table import UnityTable
from lakelab.local.sql.grammar.maintenance import Vacuum
from lakelab.local.sql.handlers import Handlers

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session

_RETENTION_CHECK = "spark.databricks.delta.retentionDurationCheck.enabled"
_WEEK = 168.0
_UNITS = {"week": 168.0, "day": 24.0, "hour": 1.0, "minute": 1 / 60, "second": 1 / 3600}
_MAX_FILES_SHOWN = 1000


def _vacuum(session: Session, node: Vacuum) -> DataFrame:
    table = session.unity.table(session.resolve(node.target))
    retention = _retention_hours(table)
    hours = float(node.args["hours"].name) if node.args["hours"] else retention
    if hours < retention and _checks_retention(session):
        raise IllegalArgumentException(
            message="requirement failed: Are you sure you would like to vacuum files with such a low "
            "retention period? If you have writers that are currently writing to this table, there is a "
            "risk that you may corrupt the state of your Delta table.\n\nIf you are certain that there "
            "are no operations being performed on this table, such as insert/upsert/delete/optimize, "
            f"then you may turn off this check by setting: {_RETENTION_CHECK} = false\n\nIf you are not "
            f'sure, please use a value not less than "{retention:g} hours".'
        )
    if hours != int(hours):
        raise UnityCatalogError(
            f"RETAIN {node.args['hours'].name} HOURS: the local engine vacuums by whole hours only."
        )
    dry_run = bool(node.args["dry_run"])
    files = table.vacuum(hours, dry_run=dry_run, full=not node.args["lite"])
    paths = [str(table.path / file) for file in files[:_MAX_FILES_SHOWN]]
    rows = [(path,) for path in (paths if dry_run else [str(table.path)])]
    return session.createDataFrame(rows, "path string")


def _checks_retention(session: Session) -> bool:
    return (session.conf.get(_RETENTION_CHECK, "true") or "true").lower() != "false"


def _retention_hours(table: UnityTable) -> float:
    """Return how many hours a table keeps its old files: by its property, or else a week."""
    text = table.properties.get("delta.deletedFileRetentionDuration", "")
    interval = re.fullmatch(
        r"(?:interval\s+)?(\d+)\s+(week|day|hour|minute|second)s?", text.strip(), re.IGNORECASE
    )
    return int(interval[1]) * _UNITS[interval[2].lower()] if interval else _WEEK


HANDLERS: Handlers = {Vacuum: _vacuum}
