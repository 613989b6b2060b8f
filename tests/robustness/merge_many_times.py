"""Merge rows into two tables, beside other processes: by SQL, and by the feature engineering client.

The arguments are the home and the number of this process, which determines its keys.
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


def main(root: str, process: int) -> None:
    spark = start_spark(Home(Path(root)).prepare())
    client = FeatureEngineeringClient()
    print("ready", flush=True)
    sys.stdin.readline()
    for time in range(TIMES):
        spark.sql(MERGE.format(key=1000 * process + time))
        if (
            time % APPENDS == 0
        ):  # an append takes no lock: a merge of another process may have to retry
            spark.sql(f"INSERT INTO main.default.by_sql VALUES ({1000 * process + 500 + time}, 1)")
    for time in range(TIMES):
        key = 1000 * process + time
        rows = spark.createDataFrame([(0, key), (key, time)], "k bigint, n bigint")
        client.write_table(name="main.default.by_client", df=rows, mode="merge")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
