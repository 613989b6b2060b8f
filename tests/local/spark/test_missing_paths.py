"""A path without a file is an error, not an empty DataFrame."""

from __future__ import annotations

import pytest
from pyspark.errors import AnalysisException

READERS = [
    (lambda spark, path: spark.read.parquet(path), "PATH_NOT_FOUND"),
    (lambda spark, path: spark.read.csv(path), "PATH_NOT_FOUND"),
    (lambda spark, path: spark.read.format("json").load(path), "PATH_NOT_FOUND"),
    (lambda spark, path: spark.read.text(f"file://{path}"), "PATH_NOT_FOUND"),
    (lambda spark, path: spark.read.parquet(f"{path}/*.parquet"), "PATH_NOT_FOUND"),
    (lambda spark, path: spark.sql(f"SELECT * FROM parquet.`{path}`"), "PATH_NOT_FOUND"),
    (lambda spark, path: spark.read.format("delta").load(path), "PATH_NOT_FOUND"),
    (lambda spark, path: spark.sql(f"SELECT * FROM delta.`{path}`"), "DELTA_PATH_DOES_NOT_EXIST"),
]


@pytest.mark.parametrize(("read", "condition"), READERS)
def test_a_path_that_does_not_exist_is_refused(spark, tmp_path, read, condition):
    path = str(tmp_path / "missing")
    with pytest.raises(AnalysisException, match=path) as refused:
        read(spark, path).collect()
    assert refused.value.getCondition() == condition


def test_files_that_exist_are_read(spark, tmp_path):
    path = str(tmp_path / "there")
    spark.range(3).write.parquet(path)
    assert spark.read.parquet(path).count() == 3
    assert spark.read.parquet(f"{path}/*.parquet").count() == 3
    assert spark.sql(f"SELECT * FROM parquet.`{path}`").count() == 3
    assert spark.read.parquet(f"file://{path}").count() == 3


def test_an_empty_folder_is_not_missing(spark, tmp_path):
    assert spark.read.schema("a INT").parquet(str(tmp_path)).count() == 0
