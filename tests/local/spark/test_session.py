"""The Spark session of a laptop: the default one of its process, in UTC, with all catalogs."""

from __future__ import annotations

import ast
import inspect
import textwrap

import pytest
from pyspark.sql import SparkSession
from pyspark.sql.connect.session import SparkSession as ConnectSession

from lakelab.local.catalog.errors import UnityCatalogError
from lakelab.local.catalog.names import TableName


def test_the_session_is_the_one_that_spark_gives_everybody(spark):
    assert SparkSession.builder.getOrCreate() is spark
    assert SparkSession.getActiveSession() is spark


def test_four_catalogs(spark):
    catalogs = {row[0] for row in spark.sql("SHOW CATALOGS").collect()}
    assert catalogs >= {"main", "dev", "staging", "prod"}


def test_timestamps_are_utc_whatever_the_zone_of_the_laptop(spark):
    row = spark.sql("SELECT TIMESTAMP '2013-01-01 10:00:00' AS ts").collect()[0]
    assert f"{row['ts']}" == "2013-01-01 10:00:00"


def test_it_has_what_pysparks_own_constructor_sets(spark):
    """The constructor is replaced: a new attribute of a newer PySpark must not go missing."""
    constructor = ast.parse(textwrap.dedent(inspect.getsource(ConnectSession.__init__)))
    names = {
        node.attr
        for node in ast.walk(constructor)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }
    assert "_client" in names
    assert names <= vars(spark).keys()


@pytest.mark.parametrize("name", ["main.a.t", "`main`.`a`.`t`", " main.`A`.t "])
def test_a_name_of_three_levels_needs_no_request(spark, monkeypatch, name):
    monkeypatch.setattr(spark, "catalog", None)
    assert spark.resolve(name) == TableName("main", "a", "t")


@pytest.mark.parametrize("name", ["t", "`t`", "`a.b`", "s.t", "a``b"])
def test_a_shorter_name_takes_the_current_catalog_and_schema(spark, schema, name):
    if name in ("`a.b`", "a``b"):
        with pytest.raises(UnityCatalogError):
            spark.resolve(name)
        return
    catalog, current = schema.split(".")
    expected = TableName(catalog, "s" if name == "s.t" else current, "t")
    assert spark.resolve(name) == expected
