"""How far a call goes: calls of lakelab's functions, files, and changes of file, on three walks.

    python -m benchmarks.walks

The walks are: an SQL statement that the engine answers (``SELECT 1``), an SQL
statement that lakelab executes (``ALTER TABLE ... PRIMARY KEY``), and a training set. Each is counted on
its second run, when modules are imported and caches are filled. Counts do not depend on the machine.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import lakelab

SOURCE = str(Path(lakelab.__file__).parent)


@dataclass
class Walk:
    """What a call passed through.

    Attributes
    ----------
    calls : Counter of str
        File, relative to the package -> number of calls of its functions.
    changes : int
        How often a function was called from a function of another file.
    """

    calls: Counter[str] = field(default_factory=Counter)
    changes: int = 0

    def __str__(self) -> str:
        return (
            f"{self.calls.total()} calls through {len(self.calls)} files, "
            f"{self.changes} changes of file"
        )


def count(run: Callable[[], Any]) -> Walk:
    """Count the calls of lakelab's functions while a function runs, in this thread.

    Examples
    --------
    >>> from lakelab.local.catalog.names import TableName
    >>> walk = count(lambda: TableName.parse("main.flights.planes"))
    >>> set(walk.calls)
    {'local/catalog/names.py'}
    """
    walk = Walk()
    last = ""

    def profile(frame: FrameType, event: str, argument: object) -> None:
        nonlocal last
        if event != "call" or not frame.f_code.co_filename.startswith(SOURCE):
            return
        file = frame.f_code.co_filename[len(SOURCE) + 1 :]
        walk.calls[file] += 1
        if last and file != last:
            walk.changes += 1
        last = file

    sys.setprofile(profile)
    try:
        run()
    finally:
        sys.setprofile(None)
    return walk


def walks(spark: Any) -> dict[str, Walk]:
    """Count the three walks.

    Parameters
    ----------
    spark : LocalSparkSession
    """
    from lakelab.local.feature_engineering import FeatureEngineeringClient, FeatureLookup

    fe = FeatureEngineeringClient()
    for table in ("first", "second"):
        spark.sql(f"CREATE TABLE {table} (id BIGINT NOT NULL, x DOUBLE)")
    labels = spark.sql("SELECT 1L AS id, 0 AS late")

    def alter(table: str) -> None:
        spark.sql(f"ALTER TABLE {table} ADD CONSTRAINT {table}_key PRIMARY KEY (id)")

    def training_set() -> None:
        lookups = [FeatureLookup(table_name="main.default.first", lookup_key="id")]
        fe.create_training_set(df=labels, feature_lookups=lookups, label="late").load_df().collect()

    spark.sql("SELECT 1").collect()
    alter("first")
    training_set()
    return {
        "SELECT 1": count(lambda: spark.sql("SELECT 1").collect()),
        "ALTER TABLE ... PRIMARY KEY": count(lambda: alter("second")),
        "create_training_set(...).load_df().collect()": count(training_set),
    }


def main() -> None:
    """Print the three walks, and the files that each passes most often."""
    from lakelab.local.spark.session import start_spark
    from lakelab.local.system.home import Home

    with tempfile.TemporaryDirectory() as folder:
        spark = start_spark(Home(Path(folder)).prepare())
        for name, walk in walks(spark).items():
            print(f"{name}: {walk}")
            for file, calls in walk.calls.most_common(6):
                print(f"    {calls:>5}  {file}")
        spark.stop()


if __name__ == "__main__":
    main()
