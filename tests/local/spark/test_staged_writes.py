"""A write that replaces rows is one commit, and keeps the NOT NULL columns and CHECK constraints of a table."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException, PySparkException

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
