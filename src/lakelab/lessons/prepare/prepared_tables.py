"""Which tables of the course were found to be right, and at which version: they need no second look.

A look at all rows takes a second or two at each start of a notebook. A table that has neither been
written nor changed since is as it was.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakelab import flights

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class Remembered:
    """What is remembered in a file; without one, nothing is.

    Parameters
    ----------
    file : Path, optional
        Written as a whole; one that cannot be read is begun anew.
    """

    def __init__(self, file: Path | None = None):
        self._file = file

    def is_right(self, spark: SparkSession, table: str) -> bool:
        """Say whether a table was right when it was seen last, and is the same since.

        Parameters
        ----------
        spark : SparkSession
        table : str
            The three-level name.
        """
        seen = self._read().get(table)
        return (
            seen is not None
            and spark.catalog.tableExists(table)
            and seen == self.state(spark, table)
        )

    def state(self, spark: SparkSession, table: str) -> list[Any] | None:
        """Tell a table from any other: its id, its version, and the course that it was made by.

        None where nothing is remembered.
        """
        if self._file is None:
            return None
        detail = spark.sql(f"DESCRIBE DETAIL {table}").first()
        last = spark.sql(f"DESCRIBE HISTORY {table} LIMIT 1").first()
        assert detail is not None
        assert last is not None
        return [detail["id"], last["version"], _course()]

    def found_right(self, table: str, state: list[Any] | None) -> None:
        """Remember the state in which a table is right."""
        if self._file is None:
            return
        told = {**self._read(), table: state}
        draft = self._file.with_name(f"{self._file.name}.{uuid.uuid4().hex}")
        draft.write_text(json.dumps(told), encoding="utf-8")
        os.replace(draft, self._file)

    def _read(self) -> dict[str, Any]:
        if self._file is None:
            return {}
        try:
            told = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # not there yet, or damaged: all is looked at once more
            return {}
        return told if isinstance(told, dict) else {}


@cache
def _course() -> str:
    """Tell the course's data, and the code that makes tables of it."""
    package = Path(flights.__file__).parent
    files = [
        *package.rglob("*.py"),
        *package.rglob("*.parquet"),
        *Path(__file__).parent.glob("*.py"),
    ]
    told = sorted((file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files)
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()
