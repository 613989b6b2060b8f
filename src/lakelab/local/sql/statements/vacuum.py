"""``VACUUM``.

Follows https://docs.databricks.com/aws/en/sql/language-manual/delta-vacuum
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.errors import IllegalArgumentException

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.versions import retention_hours
from lakelab.local.sql.grammar.maintenance import Vacuum
from lakelab.local.sql.handlers import Handlers

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session

_RETENTION_CHECK = "spark.databricks.delta.retentionDurationCheck.enabled"
_MAX_FILES_SHOWN = 1000


def _vacuum(session: Session, node: Vacuum) -> DataFrame:
    table = session.unity.table(session.resolve(node.target))
    retention = retention_hours(table.configuration)
    hours = float(node.args["hours"].name) if node.args["hours"] else retention
    if hours < retention and _checks_retention(session):
        raise IllegalArgumentException(
            errorClass=conditions.DELTA_VACUUM_RETENTION_PERIOD_TOO_SHORT,
            message="requirement failed: Are you sure you would like to vacuum files with such a low "
            "retention period? If you have writers that are currently writing to this table, there is a "
            "risk that you may corrupt the state of your Delta table.\n\nIf you are certain that there "
            "are no operations being performed on this table, such as insert/upsert/delete/optimize, "
            f"then you may turn off this check by setting: {_RETENTION_CHECK} = false\n\nIf you are not "
            f'sure, please use a value not less than "{retention:g} hours".',
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


HANDLERS: Handlers = {Vacuum: _vacuum}
