"""Privileges to create, call and drop functions."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from pyspark.errors import AnalysisException

from lakelab.local.catalog.functions import Functions
from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.securable import Securable
from lakelab.local.spark.session import LocalSparkSession
from tests.local.sql.function_helpers import RETURNS, create_python_function, scalar


@pytest.fixture
def ana(spark: LocalSparkSession, schema: str) -> Iterator[LocalSparkSession]:
    """The session of a user with no privilege but those to use the catalog and the schema."""
    user = f"ana-{uuid.uuid4().hex[:6]}@example.com"
    catalog, governance = Securable("catalog", "main"), spark.unity.governance
    governance.change_grants(catalog, user, add=["USE_CATALOG"])
    governance.change_grants(Securable("schema", schema), user, add=["USE_SCHEMA"])
    session = spark.workspace_session("b", user)
    session.sql(f"USE {schema}")
    yield session
    governance.change_grants(catalog, user, remove=["USE_CATALOG"])
    session.stop()


def test_privileges_to_call_create_and_drop(
    spark: LocalSparkSession, schema: str, ana: LocalSparkSession
) -> None:
    create_python_function(spark, "f", "return 1")
    governance, function = spark.unity.governance, Securable("function", f"{schema}.f")
    with pytest.raises(AnalysisException, match=rf"EXECUTE on Routine or Model '{schema}\.f'"):
        ana.sql("SELECT f(1)")
    with pytest.raises(AnalysisException, match="INSUFFICIENT_PERMISSIONS.*(.|\n)*EXECUTE"):
        ana.sql("DESCRIBE FUNCTION f")
    governance.change_grants(function, ana.user, add=["EXECUTE"])
    assert scalar(ana, "f(1)") == 1.0
    assert ana.sql("SHOW USER FUNCTIONS").collect() == [(f"{schema}.f",)]
    for statement in (
        "DROP FUNCTION f",
        f"CREATE OR REPLACE FUNCTION f(x INT) {RETURNS} AS $$return 2$$",
    ):
        with pytest.raises(AnalysisException, match="MANAGE on Routine or Model"):
            ana.sql(statement)
    with pytest.raises(AnalysisException, match=rf"CREATE FUNCTION on Schema '{schema}'"):
        create_python_function(ana, "mine", "return 3")
    governance.change_grants(Securable("schema", schema), ana.user, add=["CREATE_FUNCTION"])
    create_python_function(ana, "mine", "return 3")
    assert scalar(ana, "mine(1)") == 3.0
    create_python_function(ana, "mine", "return 4")
    assert governance.owner(Securable("function", f"{schema}.mine")) == ana.user
    assert scalar(spark, "mine(1)") == 4.0
    ana.sql("DROP FUNCTION mine")


def test_grants_stay_on_replace_and_go_with_the_function(
    spark: LocalSparkSession, schema: str, ana: LocalSparkSession
) -> None:
    create_python_function(spark, "f", "return 1")
    governance, function = spark.unity.governance, Securable("function", f"{schema}.f")
    governance.change_grants(function, ana.user, add=["EXECUTE"])
    create_python_function(spark, "f", "return 2")  # replaced: they stay
    assert scalar(ana, "f(1)") == 2.0
    Functions(spark.unity).path(TableName.parse(f"{schema}.f")).unlink()  # as DROP SCHEMA does
    create_python_function(spark, "f", "return 3")
    assert governance.grants(function) == {}
