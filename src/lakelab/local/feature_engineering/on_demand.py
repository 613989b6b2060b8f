"""Features that a Python function of Unity Catalog computes when they are asked for.

Follows https://docs.databricks.com/aws/en/machine-learning/feature-store/on-demand-features
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from lakelab.local.catalog.errors import (
    InsufficientPermissionsError,
    NotFoundError,
    UnityCatalogError,
)
from lakelab.local.catalog.functions import PYTHON, UnityFunction
from lakelab.local.catalog.names import HIVE_METASTORE, TableName
from lakelab.local.feature_engineering.entities.feature_function import FeatureFunction
from lakelab.local.feature_engineering.feature_spec import (
    FeatureSpec,
    OnDemandColumn,
    topological_order,
)
from lakelab.local.feature_engineering.validation import quoted
from lakelab.local.sql.function_rights import executable_function

if TYPE_CHECKING:
    from lakelab.local.spark.session import LocalSparkSession

MAX_FEATURE_FUNCTIONS = 100


def on_demand_columns(
    spark: LocalSparkSession, given: list[FeatureFunction]
) -> tuple[list[OnDemandColumn], dict[str, UnityFunction]]:
    """Give the columns that functions compute, and the functions by name.

    Raises
    ------
    ValueError
        If there are too many, a name is none, a function is not in Python, or its parameters are not
        those that are bound.
    databricks.sdk.errors.NotFound
        If a function does not exist.
    """
    if len(given) > MAX_FEATURE_FUNCTIONS:
        raise ValueError(
            f"A maximum of {MAX_FEATURE_FUNCTIONS} FeatureFunctions are supported, not {len(given)}."
        )
    names = [_full_name(spark, one.udf_name) for one in given]
    functions = open_functions(spark, names)
    columns = []
    for name, one in zip(names, given, strict=True):
        function = functions[name]
        _require_bindings(function, one.input_bindings)
        bindings = tuple(one.input_bindings.items())
        returned = function.return_type.simpleString()
        columns.append(OnDemandColumn(one.output_name or name, returned, True, name, bindings))
    return columns, functions


def open_functions(spark: LocalSparkSession, names: Iterable[str]) -> dict[str, UnityFunction]:
    """Open the functions behind features, by their full names.

    Raises
    ------
    databricks.sdk.errors.NotFound
        If one does not exist.
    databricks.sdk.errors.PermissionDenied
        If the session's user lacks EXECUTE on one.
    ValueError
        If one is not in Python.
    """
    from databricks.sdk.errors import NotFound, PermissionDenied

    found = {}
    for name in names:
        try:
            found[name] = executable_function(spark, TableName.parse(name))
        except NotFoundError as error:
            raise NotFound(str(error)) from error
        except InsufficientPermissionsError as error:
            raise PermissionDenied(str(error)) from error
        if found[name].language != PYTHON:
            raise ValueError(
                f"FeatureFunction UDF '{name}' is not a Python UDF. Only Python UDFs are supported: "
                f"CREATE FUNCTION ... LANGUAGE PYTHON AS $$ ... $$."
            )
    return found


def _full_name(spark: LocalSparkSession, name: str) -> str:
    try:
        full = spark.resolve(name)
    except UnityCatalogError as error:
        raise ValueError(
            f"UDF name '{name}' must have the form <catalog_name>.<schema_name>.<udf_name>."
        ) from error
    if full.catalog == HIVE_METASTORE:
        raise ValueError(f"UDFs must all be in Unity Catalog, and '{full}' is not.")
    return str(full)


def _require_bindings(function: UnityFunction, bindings: Mapping[str, str]) -> None:
    parameters = [parameter.name for parameter in function.parameters]
    if set(parameters) != set(bindings):
        raise ValueError(
            f"FeatureFunction UDF '{function.name}' input parameters {parameters} do not match input "
            f"bindings {dict(bindings)}. Bind each parameter to a column: "
            f"input_bindings={{'parameter': 'column'}}."
        )


def require_inputs(
    spec: FeatureSpec, types: Mapping[str, str], functions: Mapping[str, UnityFunction]
) -> None:
    """Check that each function gets columns that are there, and of the types of its parameters.

    Parameters
    ----------
    spec : FeatureSpec
        The columns.
    types : mapping of str to str
        Column of the rows -> its Spark type.
    functions : mapping of str to UnityFunction
        The functions by name.

    Raises
    ------
    ValueError
        If a column is missing, has another type, or is made from itself.
    """
    made = {c.name: c.data_type for c in spec.derived_columns}
    known = {**made, **types}
    missing = {name for column in spec.on_demand_columns for name in column.inputs} - set(known)
    if missing:
        raise ValueError(
            f"Could not find input binding columns {quoted(sorted(missing))} required by "
            f"FeatureFunctions. There are: {', '.join(known)}."
        )
    if spec.on_demand_columns:
        topological_order(spec.columns)  # refuses a circle
    for column in spec.on_demand_columns:
        function = functions[column.udf_name]
        bound = dict(column.input_bindings)
        _require_bindings(function, bound)
        for parameter in function.parameters:
            given, wanted = bound[parameter.name], parameter.data_type.simpleString()
            if known[given] != wanted:
                raise ValueError(
                    f"FeatureFunction argument column '{given}' for UDF '{function.name}' parameter "
                    f"'{parameter.name}' does not have the expected type. Argument column '{given}' "
                    f"has type '{known[given]}' and parameter '{parameter.name}' has type '{wanted}'. "
                    f"Cast the column, or create the function with another type."
                )
