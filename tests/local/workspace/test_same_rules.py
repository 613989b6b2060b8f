"""SQL, the official SDK and the feature engineering client agree on names, privileges, tags and conditions."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import DatabricksError
from pyspark.errors import AnalysisException

from lakelab.local.catalog import conditions
from lakelab.local.feature_engineering import FeatureEngineeringClient
from lakelab.local.workspace import start_workspace

BEN = "ben@example.com"
OK = "OK"


@dataclass(frozen=True)
class Row:
    """One operation, by each way that has it.

    Attributes
    ----------
    about : str
    condition : str
        The error condition of SQL; ``OK`` if the operation succeeds.
    sql : str
        The statement, with ``{s}`` for a schema that exists.
    sdk : callable, optional
        Takes the SDK's client and the schema.
    client : callable, optional
        Takes the feature engineering client and the schema.
    grants : list of str
        What Ben has on the schema: the operation is his if there is any, or if `by_ben` is set.
    """

    about: str
    condition: str
    sql: str
    sdk: Callable[[WorkspaceClient, str], Any] | None = None
    client: Callable[[FeatureEngineeringClient, str], Any] | None = None
    grants: list[str] = field(default_factory=list)
    by_ben: bool = False


def new(schema: str) -> str:
    """Return the name of a schema or catalog that does not exist."""
    return schema.partition(".")[2] + "n"


def grant(kind: str, name: str, *privileges: str) -> Callable[[WorkspaceClient, str], Any]:
    def update(sdk: WorkspaceClient, schema: str) -> Any:
        # as a plain call: the SDK has an enum, which knows no wrong privilege
        changes = [{"principal": BEN, "add": list(privileges)}]
        path = f"/api/2.1/unity-catalog/permissions/{kind}/{name.format(s=schema)}"
        return sdk.api_client.do("PATCH", path, body={"changes": changes})

    return update


def owner(kind: str, name: str) -> Callable[[WorkspaceClient, str], Any]:
    def update(sdk: WorkspaceClient, schema: str) -> Any:
        return getattr(sdk, kind).update(name.format(s=schema), owner=BEN)

    return update


ROWS = [
    Row("create a schema", OK, "CREATE SCHEMA main.{new}", lambda w, s: w.schemas.create(new(s), "main")),
    Row("create a schema with a colon", OK, "CREATE SCHEMA main.`{new}:y`",
        lambda w, s: w.schemas.create(new(s) + ":y", "main")),
    Row("create a schema with a blank", "INVALID_PARAMETER_VALUE", "CREATE SCHEMA main.`{new} y`",
        lambda w, s: w.schemas.create(new(s) + " y", "main")),
    Row("create a schema that exists", "SCHEMA_ALREADY_EXISTS", "CREATE SCHEMA {s}",
        lambda w, s: w.schemas.create(s.split(".")[1], "main")),
    Row("create a schema of no catalog", "NO_SUCH_CATALOG_EXCEPTION", "CREATE SCHEMA nope.{new}",
        lambda w, s: w.schemas.create(new(s), "nope")),
    Row("create a schema without the privilege", "INSUFFICIENT_PERMISSIONS", "CREATE SCHEMA prod.{new}",
        lambda w, s: w.schemas.create(new(s), "prod"), by_ben=True),
    Row("create a schema with the privilege", OK, "CREATE SCHEMA main.{new}",
        lambda w, s: w.schemas.create(new(s), "main"), grants=["USE_SCHEMA"]),
    Row("create a catalog without the privilege", "INSUFFICIENT_PERMISSIONS", "CREATE CATALOG {new}",
        lambda w, s: w.catalogs.create(new(s)), by_ben=True),
    Row("create a catalog that exists", "CATALOG_ALREADY_EXISTS", "CREATE CATALOG main",
        lambda w, s: w.catalogs.create("main")),
    Row("drop a schema that is not empty", "SCHEMA_NOT_EMPTY", "DROP SCHEMA {s}",
        lambda w, s: w.schemas.delete(s)),
    Row("drop a schema with all in it", OK, "DROP SCHEMA {s} CASCADE",
        lambda w, s: w.schemas.delete(s, force=True)),
    Row("drop a schema that is not there", "SCHEMA_NOT_FOUND", "DROP SCHEMA main.nope",
        lambda w, s: w.schemas.delete("main.nope")),
    Row("drop a schema of another owner", "INSUFFICIENT_PERMISSIONS", "DROP SCHEMA {s} CASCADE",
        lambda w, s: w.schemas.delete(s, force=True), grants=["USE_SCHEMA"]),
    Row("drop a catalog that is not empty", "CATALOG_NOT_EMPTY", "DROP CATALOG prod",
        lambda w, s: w.catalogs.delete("prod")),
    Row("drop a table", OK, "DROP TABLE {s}.t", lambda w, s: w.tables.delete(f"{s}.t"),
        lambda fe, s: fe.drop_table(name=f"{s}.t")),
    Row("drop a table that is not there", "TABLE_OR_VIEW_NOT_FOUND", "DROP TABLE {s}.nope",
        lambda w, s: w.tables.delete(f"{s}.nope")),
    Row("drop a table of another owner", "INSUFFICIENT_PERMISSIONS", "DROP TABLE {s}.t",
        lambda w, s: w.tables.delete(f"{s}.t"), grants=["USE_SCHEMA", "SELECT", "MODIFY"]),
    Row("drop a function", OK, "DROP FUNCTION {s}.f", lambda w, s: w.functions.delete(f"{s}.f")),
    Row("drop a function that is not there", "ROUTINE_NOT_FOUND", "DROP FUNCTION {s}.nope",
        lambda w, s: w.functions.delete(f"{s}.nope")),
    Row("drop a function of another owner", "INSUFFICIENT_PERMISSIONS", "DROP FUNCTION {s}.f",
        lambda w, s: w.functions.delete(f"{s}.f"), grants=["USE_SCHEMA", "EXECUTE"]),
    Row("grant", OK, f"GRANT SELECT ON TABLE {{s}}.t TO `{BEN}`", grant("table", "{s}.t", "SELECT")),
    Row("grant what a table cannot have", "INVALID_PARAMETER_VALUE",
        f"GRANT EXECUTE ON TABLE {{s}}.t TO `{BEN}`", grant("table", "{s}.t", "EXECUTE")),
    Row("grant on a table that is not there", "TABLE_OR_VIEW_NOT_FOUND",
        f"GRANT SELECT ON TABLE {{s}}.nope TO `{BEN}`", grant("table", "{s}.nope", "SELECT")),
    Row("grant on a schema that is not there", "SCHEMA_NOT_FOUND",
        f"GRANT SELECT ON SCHEMA main.nope TO `{BEN}`", grant("schema", "main.nope", "SELECT")),
    Row("grant on what another owns", "INSUFFICIENT_PERMISSIONS",
        f"GRANT SELECT ON TABLE {{s}}.t TO `{BEN}`", grant("table", "{s}.t", "SELECT"),
        grants=["USE_SCHEMA", "SELECT"]),
    Row("set the owner of a schema", OK, f"ALTER SCHEMA {{s}} OWNER TO `{BEN}`", owner("schemas", "{s}")),
    Row("set the owner of a table that is not there", "TABLE_OR_VIEW_NOT_FOUND",
        f"ALTER TABLE {{s}}.nope OWNER TO `{BEN}`",
        lambda w, s: w.api_client.do("PATCH", f"/api/2.1/unity-catalog/tables/{s}.nope", body={"owner": BEN})),
    Row("set the owner of what another owns", "INSUFFICIENT_PERMISSIONS",
        f"ALTER SCHEMA {{s}} OWNER TO `{BEN}`", owner("schemas", "{s}"), grants=["USE_SCHEMA"]),
    Row("comment on a schema", OK, "COMMENT ON SCHEMA {s} IS 'x'",
        lambda w, s: w.schemas.update(s, comment="x")),
    Row("comment on what another owns", "INSUFFICIENT_PERMISSIONS", "COMMENT ON SCHEMA {s} IS 'x'",
        lambda w, s: w.schemas.update(s, comment="x"), grants=["USE_SCHEMA"]),
    Row("set a tag", OK, "ALTER TABLE {s}.t SET TAGS ('a' = 'b')",
        client=lambda fe, s: fe.set_feature_table_tag(name=f"{s}.t", key="a", value="b")),
    Row("set a tag with blanks at its ends", "INVALID_PARAMETER_VALUE",
        "ALTER TABLE {s}.t SET TAGS (' a ' = 'b')",
        client=lambda fe, s: fe.set_feature_table_tag(name=f"{s}.t", key=" a ", value="b")),
    Row("set a tag with a point", "INVALID_PARAMETER_VALUE", "ALTER SCHEMA {s} SET TAGS ('a.b' = 'c')",
        client=lambda fe, s: fe.set_feature_table_tag(name=f"{s}.t", key="a.b", value="c")),
]  # fmt: skip


@pytest.fixture(scope="module")
def sdk_of(spark, home):
    """A function that returns the SDK's client of a user."""
    spark.sql("CREATE CATALOG IF NOT EXISTS prod")
    spark.sql("CREATE SCHEMA IF NOT EXISTS prod.used")
    with start_workspace(home, spark.unity, home.mlflow_uri) as workspace:

        def client(user: str) -> WorkspaceClient:
            token = workspace.token if user == spark.user else workspace.token_for(user)
            return WorkspaceClient(host=workspace.url, token=token, auth_type="pat")

        yield client


@pytest.fixture
def schema(spark):
    name = f"main.r{uuid.uuid4().hex[:10]}"
    spark.sql(f"CREATE SCHEMA {name}")
    spark.sql(f"CREATE TABLE {name}.t (k INT NOT NULL PRIMARY KEY)")
    spark.sql(f"CREATE FUNCTION {name}.f(x INT) RETURNS INT RETURN x")
    yield name
    spark.sql(f"DROP SCHEMA IF EXISTS {name} CASCADE")
    spark.sql(f"REVOKE ALL PRIVILEGES ON CATALOG main FROM `{BEN}`")


def outcome(operation: Callable[[], Any]) -> str:
    """Return the condition or the error code of an operation, or OK."""
    try:
        operation()
    except AnalysisException as error:
        return str(error.getCondition())
    except DatabricksError as error:
        return str(error.error_code)
    return OK


@pytest.mark.parametrize("way", ["sql", "sdk", "client"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.about)
def test_each_way_has_the_same_outcome(spark, sdk_of, schema, row, way):
    operation = getattr(row, way)
    if operation is None:
        return
    user = BEN if row.grants or row.by_ben else spark.user
    if row.grants:
        spark.sql(f"GRANT USE CATALOG, CREATE SCHEMA ON CATALOG main TO `{BEN}`")
        for privilege in row.grants:
            spark.sql(f"GRANT {privilege.replace('_', ' ')} ON SCHEMA {schema} TO `{BEN}`")
    expected = row.condition
    if way == "sql":
        session = spark if user == spark.user else spark.workspace_session("b", user)
        found = outcome(lambda: session.sql(operation.format(s=schema, new=new(schema))))
    elif way == "sdk":
        found = outcome(lambda: operation(sdk_of(user), schema))
        expected = OK if expected == OK else getattr(conditions, expected).rest
    else:
        found = outcome(lambda: operation(FeatureEngineeringClient(), schema))
    for name in (new(schema), new(schema) + ":y"):
        spark.sql(f"DROP SCHEMA IF EXISTS main.`{name}` CASCADE")
    assert found == expected
