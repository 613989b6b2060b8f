"""An overwrite keeps the NOT NULL columns and the CHECK constraints of a table."""

from __future__ import annotations

import pytest

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
