"""A record of the prepared tables that are known to be correct.

Comparing the content takes a second or two at each start of a notebook. A table that has not changed since its
last comparison is not compared again.
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


class PreparedTables:
    """The states in which tables were found correct, in a file.

    Parameters
    ----------
    file : Path, optional
        A JSON file, which is replaced as a whole. A file that cannot be read counts as empty. Without
        a file, nothing is recorded.
    """

    def __init__(self, file: Path | None = None):
        self._file = file

    def is_correct(self, spark: SparkSession, table: str) -> bool:
        """Return whether a table still has the state in which it was found correct.

        Parameters
        ----------
        spark : SparkSession
        table : str
            The three-level name.
        """
        recorded = self._read().get(table)
        return (
            recorded is not None
            and spark.catalog.tableExists(table)
            and recorded == self.state(spark, table)
        )

    def state(self, spark: SparkSession, table: str) -> list[Any] | None:
        """Return the state of a table: its id, its version, and the version of the course.

        Returns
        -------
        list or None
            None if this object has no file.
        """
        if self._file is None:
            return None
        detail = spark.sql(f"DESCRIBE DETAIL {table}").first()
        last = spark.sql(f"DESCRIBE HISTORY {table} LIMIT 1").first()
        assert detail is not None
        assert last is not None
        return [detail["id"], last["version"], _course_version()]

    def record(self, table: str, state: list[Any] | None) -> None:
        """Record the state in which a table is correct."""
        if self._file is None:
            return
        states = {**self._read(), table: state}
        draft = self._file.with_name(f"{self._file.name}.{uuid.uuid4().hex}")
        draft.write_text(json.dumps(states), encoding="utf-8")
        os.replace(draft, self._file)

    def _read(self) -> dict[str, Any]:
        if self._file is None:
            return {}
        try:
            states = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # missing or damaged: all tables are compared again
            return {}
        return states if isinstance(states, dict) else {}


@cache
def _course_version() -> str:
    """Return a digest of the names, sizes and times of the course's data and of the code that makes tables."""
    package = Path(flights.__file__).parent
    files = [
        *package.rglob("*.py"),
        *package.rglob("*.parquet"),
        *Path(__file__).parent.glob("*.py"),
    ]
    stats = sorted((file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files)
    return hashlib.sha256(json.dumps(stats).encode()).hexdigest()
