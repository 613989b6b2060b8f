"""A write that replaces rows is one commit, and keeps the NOT NULL columns and CHECK constraints of a table."""

from __future__ import annotations

import json
import threading

import pytest
from pyspark.errors import AnalysisException, PySparkException

from lakelab.local.delta.commit import commit_version
from lakelab.local.delta.state import TableState

from .tables import frame, nullable


@pytest.mark.parametrize("options", [{}, {"mergeSchema": "true"}])
def test_an_overwrite_keeps_not_null_key_and_comment(spark, planes, options):
    frame(spark, ("N2", 4)).write.options(**options).mode("overwrite").saveAsTable("planes")
    assert [tuple(row) for row in spark.table("planes").collect()] == [("N2", 4)]
    assert nullable(spark, planes) == {"tailnum": False, "seats": True}
    table = spark.unity.table(planes)
    assert table.primary_key.columns == ("tailnum",)
    assert table.comment == "ours"


@pytest.mark.parametrize("options", [{}, {"mergeSchema": "true"}])
def test_an_overwrite_with_nulls_in_a_key_is_refused_and_nothing_changes(spark, planes, options):
    with pytest.raises(Exception, match=r"(?i)not.null|non-nullable"):
        frame(spark, (None, 4)).write.options(**options).mode("overwrite").saveAsTable("planes")
    assert [tuple(row) for row in spark.table("planes").collect()] == [("N1", 2)]
    assert nullable(spark, planes) == {"tailnum": False, "seats": True}


def test_an_overwrite_that_breaks_a_check_is_taken_back(spark, planes):
    spark.sql("ALTER TABLE planes ADD CONSTRAINT seated CHECK (seats > 0)")
    with pytest.raises(Exception, match="CHECK constraint seated"):
        frame(spark, ("N2", 0)).write.mode("overwrite").saveAsTable("planes")
    assert [tuple(row) for row in spark.table("planes").collect()] == [("N1", 2)]
    assert nullable(spark, planes) == {"tailnum": False, "seats": True}
    frame(spark, ("N3", 3)).write.mode("overwrite").saveAsTable("planes")
    assert [tuple(row) for row in spark.table("planes").collect()] == [("N3", 3)]


def test_an_overwrite_is_one_commit_and_leaves_no_scratch_files(spark, planes):
    before = spark.unity.table(planes).version
    frame(spark, ("N2", 4)).write.mode("overwrite").option("userMetadata", "new").saveAsTable(
        "planes"
    )
    assert spark.unity.table(planes).version == before + 1
    commit = spark.unity.table(planes).delta.history(1)[0]
    assert (commit["operation"], commit["userMetadata"]) == ("WRITE", "new")
    assert not list(spark.home.scratch.glob("staged-*"))


def test_a_commit_of_another_writer_is_replaced_too(spark, planes, monkeypatch):
    from lakelab.local.spark import staged_writes

    commit, raced = staged_writes.commit_version, []

    def late(*args):
        if not raced:
            raced.append(True)
            spark.sql("INSERT INTO planes VALUES ('N9', 9)")
        commit(*args)

    monkeypatch.setattr(staged_writes, "commit_version", late)
    frame(spark, ("N2", 4)).write.mode("overwrite").saveAsTable("planes")
    assert raced
    assert [tuple(row) for row in spark.table("planes").collect()] == [("N2", 4)]


def test_an_overwrite_that_stops_before_its_commit_changes_nothing(spark, planes, monkeypatch):
    from lakelab.local.spark import staged_writes

    def stop(*args):
        raise KeyboardInterrupt

    files = set(spark.unity.path(planes).rglob("*"))
    monkeypatch.setattr(staged_writes, "commit_version", stop)
    with pytest.raises(KeyboardInterrupt):
        frame(spark, ("N2", 4)).write.mode("overwrite").saveAsTable("planes")
    assert set(spark.unity.path(planes).rglob("*")) == files
    assert [tuple(row) for row in spark.table("planes").collect()] == [("N1", 2)]


def test_an_interrupt_after_the_commit_takes_no_rows(spark, planes, monkeypatch):
    from lakelab.local.spark import staged_writes

    commit = staged_writes.commit_version

    def late_stop(*args):
        commit(*args)
        raise KeyboardInterrupt

    monkeypatch.setattr(staged_writes, "commit_version", late_stop)
    with pytest.raises(KeyboardInterrupt):
        frame(spark, ("N2", 4)).write.mode("overwrite").saveAsTable("planes")
    assert [tuple(row) for row in spark.table("planes").collect()] == [("N2", 4)]


def test_a_write_with_a_transaction_is_written_once(spark, planes):
    def write(version, tail):
        options = {"txnAppId": "nightly", "txnVersion": version}
        frame(spark, (tail, 1)).write.mode("append").options(**options).saveAsTable("planes")

    write(1, "N2")
    write(1, "N2")
    write(2, "N3")
    write(1, "N4")
    assert {row["tailnum"] for row in spark.table("planes").collect()} == {"N1", "N2", "N3"}


def test_an_append_only_table_cannot_be_overwritten(spark, planes):
    spark.sql("ALTER TABLE planes SET TBLPROPERTIES ('delta.appendOnly' = 'true')")
    with pytest.raises(AnalysisException) as refused:
        frame(spark, ("N2", 4)).write.mode("overwrite").saveAsTable("planes")
    assert refused.value.getCondition() == "DELTA_CANNOT_MODIFY_APPEND_ONLY"


def test_a_value_without_a_cast_is_refused_and_not_null(spark, planes):
    with pytest.raises(PySparkException, match="[Cc]ast"):
        frame(spark, ("N2", "many"), columns="tailnum string, seats string").write.mode(
            "overwrite"
        ).saveAsTable("planes")
    assert [tuple(row) for row in spark.table("planes").collect()] == [("N1", 2)]


def test_two_writers_that_replace_other_rows_lose_nothing(spark, schema):
    spark.sql("CREATE TABLE w (g STRING, n INT) PARTITIONED BY (g)")
    spark.sql("INSERT INTO w VALUES ('a', 0), ('b', 0), ('c', 0)")
    errors = []

    def write(group: str) -> None:
        try:
            for n in range(1, 4):
                rows = spark.createDataFrame([(group, n)], "g string, n int").write.mode(
                    "overwrite"
                )
                if group == "a":
                    rows.option("replaceWhere", "g = 'a'").saveAsTable("w")
                else:
                    rows.option("partitionOverwriteMode", "dynamic").saveAsTable("w")
                spark.sql(f"INSERT INTO w VALUES ('c', {n})")
        except Exception as error:  # noqa: BLE001 - the test shows it
            errors.append(error)

    threads = [threading.Thread(target=write, args=(group,)) for group in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    expected = [("a", 3), ("b", 3), ("c", 0), *(("c", n) for n in (1, 1, 2, 2, 3, 3))]
    assert sorted(map(tuple, spark.table("w").collect())) == expected


def test_identities_of_two_writers_differ(spark, schema):
    spark.sql("CREATE TABLE i (k BIGINT GENERATED ALWAYS AS IDENTITY, n INT)")

    def write() -> None:
        for n in range(3):
            spark.sql(f"INSERT INTO i (n) VALUES ({n}), ({n})")

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = [row.k for row in spark.table("i").collect()]
    assert len(numbers) == len(set(numbers)) == 12


def test_identities_of_an_earlier_release_are_counted_on(spark, schema):
    spark.sql("CREATE TABLE i (k BIGINT GENERATED ALWAYS AS IDENTITY, n INT)")
    for n in range(2):  # earlier releases stored no number
        spark.sql(f"INSERT INTO i (n) VALUES ({n})")
        state = TableState.read(spark.unity.path(spark.resolve("i")))
        fields = [
            {**f, "metadata": {k: v for k, v in f["metadata"].items() if "Mark" not in k}}
            for f in state.fields
        ]
        text = json.dumps({"type": "struct", "fields": fields})
        commit_version(
            state.folder,
            state.version + 1,
            {"operation": "x"},
            [{"metaData": {**state.metadata, "schemaString": text}}],
        )
    assert sorted(map(tuple, spark.table("i").collect())) == [(1, 0), (2, 1)]


def test_a_value_that_is_given_for_an_identity_does_not_count(spark, schema):
    spark.sql("CREATE TABLE i (k BIGINT GENERATED BY DEFAULT AS IDENTITY, n INT)")
    spark.sql("INSERT INTO i VALUES (7, 1)")
    spark.sql("INSERT INTO i VALUES (DEFAULT, 2), (DEFAULT, 3)")
    assert sorted(map(tuple, spark.table("i").collect())) == [(1, 2), (2, 3), (7, 1)]
