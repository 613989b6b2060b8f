"""Registered models in SQL statements."""

from __future__ import annotations

import pytest
from pyspark.errors import PySparkException

from lakelab.local.catalog.governance import DEFAULT_USER, Governance
from lakelab.local.catalog.securable import Securable
from tests.local.sql.statement_rows import BEN


def test_grants_on_a_model_are_those_of_the_local_workspace(spark, fresh_schema, home, experiment):
    from mlflow import MlflowClient

    model = Securable("function", f"{fresh_schema['s']}.delays")
    MlflowClient(home.mlflow_uri, home.mlflow_uri).create_registered_model(model.name)
    workspace = Governance(home.workspace_state / "governance.json", DEFAULT_USER)
    for kind, name in (("CATALOG", "main"), ("SCHEMA", fresh_schema["s"])):
        spark.sql(f"GRANT USE {kind} ON {kind} {name} TO `{BEN}`")
    assert not workspace.may(BEN, model, "EXECUTE")
    spark.sql(f"GRANT EXECUTE ON MODEL delays TO `{BEN}`")
    assert workspace.may(BEN, model, "EXECUTE")
    spark.sql(f"REVOKE EXECUTE ON FUNCTION {model.name} FROM `{BEN}`")
    assert not workspace.may(BEN, model, "EXECUTE")
    spark.sql("DROP TABLE t")
    spark.sql("DROP TABLE n")
    with pytest.raises(PySparkException, match="SCHEMA_NOT_EMPTY"):
        spark.sql(f"DROP SCHEMA {fresh_schema['s']}")
    spark.sql(f"DROP SCHEMA {fresh_schema['s']} CASCADE")
    spark.sql(f"CREATE SCHEMA {fresh_schema['s']}")
    with pytest.raises(PySparkException, match="ROUTINE_NOT_FOUND"):
        spark.sql(f"SHOW GRANTS ON MODEL {model.name}")
    spark.sql(f"REVOKE ALL PRIVILEGES ON CATALOG main FROM `{BEN}`")
