"""Merge rows into two tables that other processes merge into as well: by SQL, and by the client.

Called with the home and a number: whose rows these are.
"""

from __future__ import annotations

import sys
from pathlib import Path

from lakelab.local.feature_engineering import FeatureEngineeringClient
from lakelab.local.spark.session import start_spark
from lakelab.local.system.home import Home

TIMES = 25
APPENDS = 5

MERGE = """
MERGE INTO main.default.by_sql AS t USING (SELECT 0 AS k, 1 AS n UNION ALL SELECT {key}, 1) AS s
ON t.k = s.k WHEN MATCHED THEN UPDATE SET n = t.n + 1 WHEN NOT MATCHED THEN INSERT *
"""


def main(root: str, me: int) -> None:
    spark = start_spark(Home(Path(root)).prepare())
    client = FeatureEngineeringClient()
    print("ready", flush=True)
    sys.stdin.readline()
    for time in range(TIMES):
        spark.sql(MERGE.format(key=1000 * me + time))
        if time % APPENDS == 0:  # takes no lock: a merge of another process may have to begin anew
            spark.sql(f"INSERT INTO main.default.by_sql VALUES ({1000 * me + 500 + time}, 1)")
    for time in range(TIMES):
        rows = spark.createDataFrame(
            [(0, 1000 * me + time), (1000 * me + time, time)], "k bigint, n bigint"
        )
        client.write_table(name="main.default.by_client", df=rows, mode="merge")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
