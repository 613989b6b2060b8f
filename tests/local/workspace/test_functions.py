"""databricks.sdk sees functions of SQL and their grants. Models and functions share their names."""

from __future__ import annotations

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import BadRequest, DatabricksError, NotFound, PermissionDenied
from databricks.sdk.service.catalog import (
    ColumnTypeName,
    FunctionInfoRoutineBody,
    PermissionsChange,
    Privilege,
)
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from lakelab.local.catalog.functions import (
    FEATURE_SPEC,
    PYTHON,
    SQL,
    Functions,
    Parameter,
    UnityFunction,
)
from lakelab.local.catalog.names import TableName


@pytest.fixture
def functions(place, schema) -> Functions:
    """A Python function `half`, a SQL function `late`, a feature spec `plane`."""
    made = Functions(place.unity)
    x = Parameter("x", "decimal(10,2)", "what to halve", "1")
    half = UnityFunction(
        TableName.parse(f"{schema}.half"), PYTHON, " return x / 2", (x,), "double", "Half of it"
    )
    made.create(half)
    late = UnityFunction(TableName.parse(f"{schema}.late"), SQL, "true", (), "boolean")
    made.create(late)
    name = TableName.parse(f"{schema}.plane")
    made.create(UnityFunction(name, FEATURE_SPEC, "input_columns: []", requirements=("geopy",)))
    return made


def client_of(place, user: str) -> WorkspaceClient:
    return WorkspaceClient(host=place.workspace.url, token=place.workspace.token_for(user))


def test_get_and_list(place, schema, functions):
    w = WorkspaceClient()
    half = w.functions.get(f"{schema}.HALF")
    assert (half.full_name, half.comment) == (f"{schema}.half", "Half of it")
    assert (half.routine_definition, half.external_language) == (" return x / 2", "Python")
    assert (half.data_type, half.full_data_type) == (ColumnTypeName.DOUBLE, "DOUBLE")
    parameter = half.input_params.parameters[0]
    assert (parameter.name, parameter.type_text, parameter.type_scale) == ("x", "decimal(10,2)", 2)
    assert (parameter.comment, parameter.parameter_default) == ("what to halve", "1")
    late = w.functions.get(f"{schema}.late")
    assert (late.routine_body, late.external_language) == (FunctionInfoRoutineBody.SQL, None)
    assert [f.name for f in w.functions.list(*schema.split("."))] == ["half", "late", "plane"]
    answer = place.call("GET", f"/api/2.0/unity-catalog/functions/{schema}.plane").json()
    assert answer["securable_kind"] == "FUNCTION_FEATURE_SPEC"
    assert answer["properties"] == '{"environment.dependencies": "[\\"geopy\\"]"}'
    with pytest.raises(NotFound, match="nope' does not exist"):
        w.functions.get(f"{schema}.nope")
    with pytest.raises(NotFound):
        w.functions.get(f"{schema}.{'ä' * 255}")
    with pytest.raises(NotFound, match="Schema 'main.nowhere' does not exist"):
        list(w.functions.list("main", "nowhere"))
    with pytest.raises(BadRequest, match="is not valid"):
        w.functions.get("half")


def test_grants_owner_and_delete(place, schema, functions):
    w, name = WorkspaceClient(), f"{schema}.half"
    ben = client_of(place, "ben@example.com")
    for kind, of, privilege in (
        ("CATALOG", "main", Privilege.USE_CATALOG),
        ("SCHEMA", schema, Privilege.USE_SCHEMA),
    ):
        w.grants.update(
            kind, of, changes=[PermissionsChange(add=[privilege], principal="ben@example.com")]
        )
    assert list(ben.functions.list(*schema.split("."))) == []
    with pytest.raises(PermissionDenied, match="EXECUTE on Routine or Model"):
        ben.functions.get(name)
    change = PermissionsChange(add=[Privilege.EXECUTE], principal="ben@example.com")
    w.grants.update("FUNCTION", name, changes=[change])
    assert ben.functions.get(name).name == "half"
    with pytest.raises(PermissionDenied, match="MANAGE"):
        ben.functions.delete(name)
    assert w.functions.update(name, owner="ben@example.com").owner == "ben@example.com"
    ben.functions.delete(name)
    assert not functions.exists(TableName.parse(name))
    with pytest.raises(NotFound):
        w.grants.get("FUNCTION", name)


def test_a_schema_with_functions_is_not_empty(place, schema, functions):
    w = WorkspaceClient()
    with pytest.raises(DatabricksError, match=r"contains objects: 3 function\(s\)"):
        w.schemas.delete(schema)
    w.schemas.delete(schema, force=True)
    assert "main" in place.unity.catalogs()
    assert not functions.exists(TableName.parse(f"{schema}.half"))


def test_a_model_does_not_take_the_name_of_a_function(place, schema, functions):
    models = MlflowClient()
    with pytest.raises(MlflowException, match=f"There is a function '{schema}.half'"):
        models.create_registered_model(f"{schema}.half")
    models.create_registered_model(f"{schema}.m")
    with pytest.raises(MlflowException, match="There is a function"):
        models.rename_registered_model(f"{schema}.m", f"{schema}.late")
