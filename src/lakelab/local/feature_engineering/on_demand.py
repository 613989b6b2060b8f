"""On-demand features: columns that Python functions of Unity Catalog compute.

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
    spark: LocalSparkSession, feature_functions: list[FeatureFunction]
) -> tuple[list[OnDemandColumn], dict[str, UnityFunction]]:
    """Return the columns that functions compute, and the functions by name.

    Raises
    ------
    ValueError
        If there are too many functions, a name is invalid, a function is not in Python, or the
        bindings do not match the parameters.
    databricks.sdk.errors.NotFound
        If a function does not exist.
    """
    if len(feature_functions) > MAX_FEATURE_FUNCTIONS:
        raise ValueError(
            f"A maximum of {MAX_FEATURE_FUNCTIONS} FeatureFunctions are supported, "
            f"not {len(feature_functions)}."
        )
    names = [_full_name(spark, one.udf_name) for one in feature_functions]
    functions = open_functions(spark, names)
    columns = []
    for name, one in zip(names, feature_functions, strict=True):
        function = functions[name]
        _require_bindings(function, one.input_bindings)
        bindings = tuple(one.input_bindings.items())
        returned = function.return_type.simpleString()
        columns.append(OnDemandColumn(one.output_name or name, returned, True, name, bindings))
    return columns, functions


def open_functions(spark: LocalSparkSession, names: Iterable[str]) -> dict[str, UnityFunction]:
    """Return functions by their full names.

    Raises
    ------
    databricks.sdk.errors.NotFound
        If a function does not exist.
    databricks.sdk.errors.PermissionDenied
        If the user of the session lacks EXECUTE on a function.
    ValueError
        If a function is not in Python.
    """
    from databricks.sdk.errors import NotFound, PermissionDenied

    functions = {}
    for name in names:
        try:
            functions[name] = executable_function(spark, TableName.parse(name))
        except NotFoundError as error:
            raise NotFound(str(error)) from error
        except InsufficientPermissionsError as error:
            raise PermissionDenied(str(error)) from error
        if functions[name].language != PYTHON:
            raise ValueError(
                f"FeatureFunction UDF '{name}' is not a Python UDF. Only Python UDFs are supported: "
                f"CREATE FUNCTION ... LANGUAGE PYTHON AS $$ ... $$."
            )
    return functions


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
    """Check that the inputs of each function exist and have the types of its parameters.

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
        If a column is missing, has another type, or depends on itself.
    """
    known = {**{c.name: c.data_type for c in spec.derived_columns}, **types}
    missing = {name for column in spec.on_demand_columns for name in column.inputs} - set(known)
    if missing:
        raise ValueError(
            f"Could not find input binding columns {quoted(sorted(missing))} required by "
            f"FeatureFunctions. There are: {', '.join(known)}."
        )
    if spec.on_demand_columns:
        topological_order(spec.columns)  # raises if columns depend on each other in a circle
    for column in spec.on_demand_columns:
        function = functions[column.udf_name]
        bound = dict(column.input_bindings)
        _require_bindings(function, bound)
        for parameter in function.parameters:
            column_name, expected = bound[parameter.name], parameter.data_type.simpleString()
            if known[column_name] != expected:
                raise ValueError(
                    f"FeatureFunction argument column '{column_name}' for UDF '{function.name}' parameter "
                    f"'{parameter.name}' does not have the expected type. Argument column '{column_name}' "
                    f"has type '{known[column_name]}' and parameter '{parameter.name}' has type '{expected}'. "
                    f"Cast the column, or create the function with another type."
                )
