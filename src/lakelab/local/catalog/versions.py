"""Older versions of a table: which there are, which was the newest at a time, and which may still be read.

Databricks does not read a version that is older than the time for which the table keeps its deleted files, even where
the files are still there. The newest version can always be read.

Follows https://docs.databricks.com/aws/en/delta/history#time-travel and
https://docs.databricks.com/aws/en/error-messages/error-classes
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime

from deltalake import DeltaTable

from lakelab.local.catalog import conditions
from lakelab.local.catalog.errors import UnityCatalogError

RETENTION = "delta.deletedFileRetentionDuration"
"""The property that says how long a table keeps the files that its newest version does not need."""

_HOURS = {"week": 168.0, "day": 24.0, "hour": 1.0, "minute": 1 / 60, "second": 1 / 3600}
_WEEK = 168.0


class Versions:
    """The versions of a table, by its history.

    Parameters
    ----------
    delta : deltalake.DeltaTable
    name : str
        The table's name, or its path, as messages show it.
    """

    def __init__(self, delta: DeltaTable, name: str):
        self._name = name
        self._retention = retention_hours(delta.metadata().configuration)
        history = delta.history()
        self._times = {c["version"]: c["timestamp"] for c in history if "timestamp" in c}
        self._first, self._last = min(self._times), max(self._times)

    def require(self, version: int) -> int:
        """Check that a version can be read, and return it.

        Raises
        ------
        UnityCatalogError
            If there is no such version, or it is older than the table keeps its files.
        """
        if version not in self._times:
            raise UnityCatalogError(
                f"Cannot time travel Delta table to version {version}. Available versions: "
                f"[{self._first}, {self._last}].",
                condition=conditions.DELTA_VERSION_NOT_FOUND,
            )
        self.require_retained(version)
        return version

    def require_retained(self, version: int) -> None:
        """Refuse an older version than the table keeps.

        Raises
        ------
        UnityCatalogError
            If its commit is older than ``delta.deletedFileRetentionDuration``.
        """
        age = time.time() - self._times[version] / 1000
        if version != self._last and age > self._retention * 3600:
            raise UnityCatalogError(
                f"Cannot time travel beyond {RETENTION} ({self._retention:g} HOURS) set on the table.",
                condition=conditions.DELTA_UNSUPPORTED_TIME_TRAVEL_BEYOND_DELETED_FILE_RETENTION_DURATION,
            )

    def at(self, moment: datetime) -> int:
        """Return the version that was the newest at a moment, by the times of DESCRIBE HISTORY.

        Raises
        ------
        UnityCatalogError
            If the moment is before the first version or after the last one, or the version is older than the
            table keeps its files.
        """
        milliseconds = int(moment.timestamp() * 1000)
        first, last = self._times[self._first], self._times[self._last]
        if milliseconds < first:
            raise UnityCatalogError(
                f"The provided timestamp ({moment:%F %T.%f}) is before the earliest version available to "
                f"this table ({self._name}). Please use a timestamp after {_shown(first)}.",
                condition=conditions.DELTA_TIMESTAMP_EARLIER_THAN_COMMIT_RETENTION,
            )
        if milliseconds > last:
            raise UnityCatalogError(
                f"The provided timestamp ({moment:%F %T.%f}) is after the latest version available to "
                f"this table ({self._name}). Please use a timestamp before or at {_shown(last)}.",
                condition=conditions.DELTA_TIMESTAMP_GREATER_THAN_COMMIT,
            )
        return self.require(max(v for v, at in self._times.items() if at <= milliseconds))


def retention_hours(properties: Mapping[str, str]) -> float:
    """Return how many hours a table keeps its deleted files: by its property, or else a week.

    Examples
    --------
    >>> retention_hours({RETENTION: "interval 1 day 12 hours"}), retention_hours({})
    (36.0, 168.0)
    """
    words = properties.get(RETENTION, "").lower().removeprefix("interval").split()
    numbers, units = words[::2], [word.removesuffix("s") for word in words[1::2]]
    known = len(numbers) == len(units) and all(
        number.isdecimal() and unit in _HOURS for number, unit in zip(numbers, units, strict=True)
    )
    if not words or not known:
        return _WEEK
    return sum(int(n) * _HOURS[unit] for n, unit in zip(numbers, units, strict=True))


def _shown(milliseconds: int) -> str:
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%F %T.%f}"[:-3]
