"""Older versions of a table can be read, also of one that has a checkpoint, and several in one query."""

from __future__ import annotations

import json

import pytest
from pyspark.errors import AnalysisException

OLD = "DELTA_UNSUPPORTED_TIME_TRAVEL_BEYOND_DELETED_FILE_RETENTION_DURATION"


@pytest.fixture
def counted(spark, schema):
    """A table whose version n has n rows; Delta has written a checkpoint of version 10."""
    spark.sql("CREATE TABLE counted (id INT)")
    for n in range(1, 13):
        spark.sql(f"INSERT INTO counted VALUES ({n})")
    name = spark.resolve("counted")
    assert list(spark.unity.path(name).glob("_delta_log/*010.checkpoint.parquet"))
    return name


def counts(frame) -> list[int]:
    return sorted(row[0] for row in frame.collect())


@pytest.mark.parametrize("versions", [[3], [9, 3], [3, 10], [11, 4], [10, 11, 2]])
def test_versions_before_and_after_a_checkpoint(spark, counted, versions):
    parts = [f"SELECT count(*) FROM counted VERSION AS OF {version}" for version in versions]
    query = " UNION ALL ".join([*parts, "SELECT count(*) FROM counted"])
    assert counts(spark.sql(query)) == sorted([*versions, 12])


def test_an_older_version_beside_the_present_one(spark, counted):
    gone = spark.sql("SELECT id FROM counted EXCEPT SELECT id FROM counted version as of 10")
    assert counts(gone) == [11, 12]
    before = spark.sql("SELECT * FROM counted VERSION AS OF 3")
    spark.sql("INSERT INTO counted VALUES (13)")  # a DataFrame is read when it is asked
    assert spark.table("counted").exceptAll(before).count() == 10


def test_older_versions_by_option_and_by_time(spark, counted):
    path = str(spark.unity.path(counted))
    old = spark.read.format("delta").option("versionAsOf", 2).load(path)
    assert counts(old) == [1, 2]
    when = {r["version"]: r["timestamp"] for r in spark.sql("DESCRIBE HISTORY counted").collect()}
    asked = f"SELECT count(*) FROM counted TIMESTAMP AS OF '{when[5]}'"
    assert counts(spark.sql(asked)) == [5]


def age(spark, name, version, days):
    """Make a commit older, as DESCRIBE HISTORY shows it."""
    file = spark.unity.path(name) / "_delta_log" / f"{version:020}.json"
    actions = [json.loads(line) for line in file.read_text().splitlines()]
    for action in actions:
        if "commitInfo" in action:
            action["commitInfo"]["timestamp"] -= days * 24 * 3600 * 1000
    file.write_text("\n".join(map(json.dumps, actions)))


def asked_in_all_ways(spark, version):
    return [
        lambda: spark.sql(f"SELECT id FROM counted VERSION /* x */ AS OF {version}"),
        lambda: spark.sql(f"SELECT id FROM Counted@v{version}"),
        lambda: spark.table(f"counted@v{version}"),
        lambda: spark.read.option("versionAsOf", version).table("counted"),
        lambda: (
            spark.read.format("delta")
            .option("versionAsOf", version)
            .load(str(spark.unity.path(spark.resolve("counted"))))
        ),
    ]


def test_a_version_in_all_ways(spark, counted):
    assert [counts(ask()) for ask in asked_in_all_ways(spark, 2)] == [[1, 2]] * 5


@pytest.mark.parametrize("way", range(5))
def test_a_version_that_there_is_not(spark, counted, way):
    with pytest.raises(AnalysisException, match=r"Available versions: \[0, 12\]") as error:
        asked_in_all_ways(spark, 99)[way]().collect()
    assert error.value.getCondition() == "DELTA_VERSION_NOT_FOUND"


@pytest.mark.parametrize("way", range(5))
def test_a_version_that_is_older_than_the_files_that_the_table_keeps(spark, counted, way):
    age(spark, counted, 3, days=8)
    ask = asked_in_all_ways(spark, 3)[way]
    with pytest.raises(AnalysisException, match=r"\(168 HOURS\) set on the table") as error:
        ask().collect()
    assert error.value.getCondition() == OLD
    assert counts(asked_in_all_ways(spark, 4)[way]()) == [1, 2, 3, 4]
    spark.sql(
        "ALTER TABLE counted SET TBLPROPERTIES ('delta.deletedFileRetentionDuration' = 'interval 9 days')"
    )
    assert counts(ask()) == [1, 2, 3]


def test_an_old_version_is_not_restored_but_the_newest_one_is_read(spark, counted):
    for version in range(13):
        age(spark, counted, version, days=8)
    assert counts(spark.sql("SELECT count(*) FROM counted VERSION AS OF 12")) == [12]
    with pytest.raises(AnalysisException) as error:
        spark.sql("RESTORE TABLE counted TO VERSION AS OF 3")
    assert error.value.getCondition() == OLD


def test_a_time_is_the_version_of_the_history(spark, counted):
    age(spark, counted, 1, days=3)
    age(spark, counted, 0, days=3)

    def at(day):
        return spark.read.option("timestampAsOf", day).table("counted")

    yesterday = spark.sql("SELECT CAST(current_date() - INTERVAL 1 DAY AS STRING)").collect()[0][0]
    assert counts(at(yesterday)) == [1]
    query = "SELECT id FROM counted TIMESTAMP AS OF current_timestamp() - INTERVAL 1 DAY"
    assert counts(spark.sql(query)) == [1]
    assert counts(spark.table(f"counted@{yesterday.replace('-', '')}000000000")) == [1]


@pytest.mark.parametrize(
    ("day", "condition", "shown"),
    [
        (
            "2001-02-03",
            "DELTA_TIMESTAMP_EARLIER_THAN_COMMIT_RETENTION",
            "before the earliest version",
        ),
        ("2999-12-31", "DELTA_TIMESTAMP_GREATER_THAN_COMMIT", "after the latest version"),
        ("some day", "INVALID_TIME_TRAVEL_TIMESTAMP_EXPR.INPUT", "'some day'"),
    ],
)
def test_a_time_without_a_version(spark, counted, day, condition, shown):
    with pytest.raises(AnalysisException, match=shown) as error:
        spark.sql(f"SELECT * FROM counted TIMESTAMP AS OF '{day}'").collect()
    assert error.value.getCondition() == condition
    with pytest.raises(AnalysisException, match=shown) as error:
        spark.read.option("timestampAsOf", day).table("counted").collect()
    of_option = {"some day": "DELTA_TIMESTAMP_INVALID"}.get(day, condition)
    assert error.value.getCondition() == of_option


def test_a_version_and_a_time_are_refused(spark, counted):
    both = spark.read.option("versionAsOf", 0).option("timestampAsOf", "2999-12-31")
    with pytest.raises(AnalysisException, match="both version and timestamp") as error:
        both.table("counted").collect()
    assert error.value.getCondition() == "INVALID_TIME_TRAVEL_SPEC"
