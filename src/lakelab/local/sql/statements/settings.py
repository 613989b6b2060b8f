"""``SET``, ``RESET`` and ``SET TIME ZONE``: the settings of the session.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-aux-conf-mgmt-set,
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-aux-conf-mgmt-reset and
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-aux-conf-mgmt-set-timezone
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.sql.grammar.settings import (
    ResetConfig,
    SetConfig,
    SetTimeZone,
    ShowConfigs,
)
from lakelab.local.sql.handlers import Handlers

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.sql.session import Session

_TIME_ZONE = "spark.sql.session.timeZone"
_OFFSET = re.compile(r"(?:UTC|GMT|UT)?[+-](?:0?\d|1[0-8])(?::[0-5]\d)?|Z")
_LONGEST_OFFSET = timedelta(hours=18)
_COLUMNS = "key string, value string"


def is_time_zone(zone: str) -> bool:
    """Return whether a text is a time zone: a name, or an offset.

    Examples
    --------
    >>> [is_time_zone(zone) for zone in ("Europe/Berlin", "+02:00", "UTC", "Mars/Base")]
    [True, True, True, False]
    """
    return zone in available_timezones() or bool(_OFFSET.fullmatch(zone))


def _set_config(session: Session, node: SetConfig) -> DataFrame:
    key, value = node.args["key"], node.args["value"]
    if value is not None:
        _set(session, key, value.strip("'\""))
    value = session.conf.get(key, "<undefined>")
    return session.createDataFrame([(key, value)], _COLUMNS)


def _set(session: Session, key: str, value: str) -> None:
    if key == _TIME_ZONE and not is_time_zone(value):
        raise UnityCatalogError(
            f"The value '{value}' in the config \"{key}\" is invalid. Cannot resolve the given timezone: write "
            f"a region such as 'Europe/Berlin', or an offset such as '+02:00'.",
            condition=conditions.INVALID_CONF_VALUE_TIME_ZONE,
        )
    session.conf.set(key, value)


def _show_configs(session: Session, node: ShowConfigs) -> DataFrame:
    if node.args["described"]:
        raise UnityCatalogError(
            "SET -v runs on Databricks only: it describes the settings of Spark, which the local engine does "
            "not know. SET lists the settings of the session."
        )
    return session.createDataFrame(sorted(session.conf.getAll.items()), _COLUMNS)


def _set_time_zone(session: Session, node: SetTimeZone) -> DataFrame:
    zone = node.args.get("zone") or "UTC"  # the zone of a cluster of Databricks
    if interval := node.args.get("interval"):
        zone = _offset(session, interval)
    _set(session, _TIME_ZONE, zone)
    return session.createDataFrame([(_TIME_ZONE, zone)], _COLUMNS)


def _offset(session: Session, interval: str) -> str:
    """Return an interval as the offset of a time zone."""
    value = session.engine_sql(f"SELECT {interval}").collect()[0][0]
    if not isinstance(value, timedelta) or abs(value) > _LONGEST_OFFSET or value.microseconds:
        raise UnityCatalogError(
            f"Error parsing interval '{interval}'. The interval value must be in the range of [-18, +18] hours "
            f"with second precision.",
            condition=conditions.INVALID_INTERVAL_FORMAT_TIMEZONE_INTERVAL_OUT_OF_RANGE,
        )
    hours, minutes = divmod(int(abs(value).total_seconds()) // 60, 60)
    return f"{'-' if value < timedelta(0) else '+'}{hours:02}:{minutes:02}"


def _reset_config(session: Session, node: ResetConfig) -> None:
    session.reset_settings(node.args.get("key"))


HANDLERS: Handlers = {
    ResetConfig: _reset_config,
    SetConfig: _set_config,
    SetTimeZone: _set_time_zone,
    ShowConfigs: _show_configs,
}
