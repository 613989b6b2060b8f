"""The Spark session of a laptop: the default one of its process, in UTC, with all catalogs."""

from __future__ import annotations

import ast
import inspect
import textwrap

from pyspark.sql import SparkSession
from pyspark.sql.connect.session import SparkSession as ConnectSession


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
