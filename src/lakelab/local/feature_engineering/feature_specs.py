"""Feature specs in Unity Catalog: lookups and functions under one name, shared by training sets.

A feature spec is a function of Unity Catalog. Its definition is the YAML that is stored with a model, too.

Follows https://docs.databricks.com/aws/en/machine-learning/feature-store/feature-function-serving
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import yaml

from lakelab.local.catalog.errors import (
    AlreadyExistsError,
    InsufficientPermissionsError,
    NotFoundError,
    UnityCatalogError,
)
from lakelab.local.catalog.functions import FEATURE_SPEC, Functions, UnityFunction
from lakelab.local.catalog.names import TableName
from lakelab.local.catalog.securable import Securable
from lakelab.local.feature_engineering.create_training_set import (
    Features,
    build_spec,
    read_features,
    require_rows,
    require_timeseries_declared,
    split_features,
)
from lakelab.local.feature_engineering.entities.feature_spec_info import FeatureSpecInfo
from lakelab.local.feature_engineering.feature_spec import (
    DerivedColumn,
    FeatureColumn,
    FeatureSpec,
    InputTable,
    SourceColumn,
)
from lakelab.local.feature_engineering.on_demand import open_functions
from lakelab.local.feature_engineering.session import (
    entity_keys,
    open_table,
    primary_key,
    spark_schema,
)
from lakelab.local.feature_engineering.training_set import TrainingSet
from lakelab.local.feature_engineering.validation import as_list, quoted
from lakelab.local.sql.catalog_service import catalog_service
from lakelab.local.sql.function_rights import create_function, executable_function

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.spark.session import LocalSparkSession


def create_feature_spec(
    spark: LocalSparkSession,
    *,
    name: str,
    features: Any,
    exclude_columns: str | list[str] | None,
    requirements: list[str] | None,
) -> FeatureSpecInfo:
    """Create a feature spec from lookups and functions.

    See :meth:`FeatureEngineeringClient.create_feature_spec` for parameters and errors.
    """
    from databricks.sdk.errors import AlreadyExists, PermissionDenied

    full = _full_name(spark, name)
    opened = read_features(spark, *split_features(features))
    excluded = as_list(exclude_columns)
    sources = [replace(c, include=c.name not in excluded) for c in _inferred_sources(opened)]
    columns = [replace(c, include=c.name not in excluded) for c in opened.columns]
    spec = build_spec(sources, columns, opened, [], {c.name: c.data_type for c in sources})
    function = UnityFunction(
        name=full,
        language=FEATURE_SPEC,
        body=yaml.safe_dump(spec.pruned().to_dict(), sort_keys=False, allow_unicode=True),
        creator=spark.user,
        requirements=tuple(requirements or ()),
    )
    try:
        created = create_function(spark, function, replace=False)
    except AlreadyExistsError as error:
        raise AlreadyExists(str(error)) from error
    except InsufficientPermissionsError as error:
        raise PermissionDenied(str(error)) from error
    except UnityCatalogError as error:
        raise ValueError(str(error)) from error
    return FeatureSpecInfo(
        name=str(full), creator=created.creator, creation_timestamp_ms=created.created_at
    )


def _inferred_sources(features: Features) -> list[SourceColumn]:
    """Return the columns that the rows must have: keys and inputs that no lookup or function returns."""
    types: dict[str, str] = {}
    derived = {column.name for column in features.columns}
    for column in features.columns:
        for name, data_type in _required_inputs(column, features):
            if name not in derived:
                types.setdefault(name, data_type)
    return [SourceColumn(name, data_type) for name, data_type in types.items()]


def _required_inputs(column: DerivedColumn, features: Features) -> list[tuple[str, str]]:
    """Return the inputs of a column, with the types that the lookup or function expects."""
    if isinstance(column, FeatureColumn):
        table = features.tables[column.table_name]
        types = {f.name: f.dataType.simpleString() for f in spark_schema(table).fields}
        keys = [*entity_keys(table), *as_list(primary_key(table).timeseries_column)]
        # build_spec raises later if the number of keys is wrong
        expected = [types[key] for key in keys] + [""] * len(column.inputs)
        return list(zip(column.inputs, expected, strict=False))
    bound = dict(column.input_bindings)
    return [
        (bound[p.name], p.data_type.simpleString())
        for p in features.functions[column.udf_name].parameters
    ]


def create_training_set_from_spec(
    spark: LocalSparkSession,
    *,
    df: DataFrame,
    feature_spec: Any,
    label: str | list[str] | None,
    exclude_columns: str | list[str] | None,
) -> TrainingSet:
    """Build a training set from the features of a spec.

    See :meth:`FeatureEngineeringClient.create_training_set` for parameters and errors.
    """
    if not isinstance(feature_spec, str):
        raise TypeError(f"'feature_spec' must be a string, not {type(feature_spec).__name__}.")
    labels, excluded = as_list(label), as_list(exclude_columns)
    require_rows(df, labels, excluded)
    function = _open(spark, _full_name(spark, feature_spec))
    spec = _parse(function)
    columns = [column for column in spec.derived_columns if column.name not in excluded]
    sources = [
        SourceColumn(name, type_)
        for name, type_ in df.dtypes
        if name not in labels and name not in excluded
    ]
    _require_not_excluded(columns, {c.name for c in (*sources, *columns)}, excluded)
    features = _open_current(spark, spec, columns)
    checked = build_spec(sources, features.columns, features, labels, dict(df.dtypes))
    return TrainingSet(spark, df, checked, labels, features.functions, function.requirements)


def _require_not_excluded(
    columns: list[DerivedColumn], available: set[str], excluded: list[str]
) -> None:
    """Raise if an input of a feature is excluded; with a feature spec, the official client raises, too."""
    needed = {name for column in columns for name in column.inputs}
    if missing := sorted(name for name in needed - available if name in excluded):
        raise ValueError(
            f"Input columns {quoted(missing)} required by FeatureLookups or FeatureFunctions are not "
            f"provided by input DataFrame or other FeatureFunctions and FeatureLookups. Take them out "
            f"of exclude_columns, and drop them after load_df()."
        )


def _open_current(
    spark: LocalSparkSession, spec: FeatureSpec, columns: list[DerivedColumn]
) -> Features:
    """Open the tables and functions of columns at their current versions.

    Columns that only served to derive an excluded column are left out, too.
    """
    used = FeatureSpec(tuple(columns), spec.tables).pruned()
    tables = {}
    for table in used.tables:
        tables[table.name] = open_table(spark, TableName.parse(table.name))
        require_timeseries_declared(tables[table.name])
    described = [
        InputTable(
            table.name,
            str(tables[table.name].delta.metadata().id),
            tables[table.name].version,
            table.lookback_seconds,
        )
        for table in used.tables
    ]
    for column in used.feature_columns:
        names = [field["name"] for field in tables[column.table_name].fields]
        if column.feature_name not in names:
            raise ValueError(
                f"Unable to find feature '{column.feature_name}' from feature table "
                f"'{column.table_name}', which the feature spec names. It has: {', '.join(names)}."
            )
    opened = open_functions(spark, used.functions)
    return Features(used.derived_columns, tables, described, opened)


def delete_feature_spec(spark: LocalSparkSession, name: str) -> None:
    """Delete a feature spec.

    See :meth:`FeatureEngineeringClient.delete_feature_spec` for errors.
    """
    from databricks.sdk.errors import PermissionDenied

    full = _full_name(spark, name)
    _open(spark, full)
    try:
        catalog_service(spark).drop_function(full)
    except InsufficientPermissionsError as error:
        raise PermissionDenied(str(error)) from error


def update_feature_spec(spark: LocalSparkSession, name: str, owner: str) -> None:
    """Change the owner of a feature spec.

    See :meth:`FeatureEngineeringClient.update_feature_spec` for errors.
    """
    if not owner:
        raise ValueError("owner must be provided.")
    full = _full_name(spark, name)
    _open(spark, full)
    spark.unity.governance.update(Securable("function", str(full)), owner=owner)


def _full_name(spark: LocalSparkSession, name: Any) -> TableName:
    if not name or not isinstance(name, str):
        raise ValueError("FeatureSpec name must be provided.")
    try:
        return spark.resolve(name)
    except UnityCatalogError as error:
        raise ValueError(
            f"'{name}' is not the name of a feature spec: give <catalog>.<schema>.<name>."
        ) from error


def _open(spark: LocalSparkSession, name: TableName) -> UnityFunction:
    from databricks.sdk.errors import NotFound, PermissionDenied

    try:
        function = executable_function(spark, name)
    except NotFoundError as error:
        specs = _specs_in_schema(spark, name)
        raise NotFound(
            f"Feature spec '{name}' does not exist. Feature specs of schema "
            f"'{name.catalog}.{name.schema}': {', '.join(specs) or 'none'}."
        ) from error
    except InsufficientPermissionsError as error:
        raise PermissionDenied(str(error)) from error
    if function.language != FEATURE_SPEC:
        raise ValueError(f"{name} is not a FeatureSpec. It is a function in {function.language}.")
    return function


def _specs_in_schema(spark: LocalSparkSession, name: TableName) -> list[str]:
    functions = Functions(spark.unity)
    names = functions.names(name.catalog, name.schema)
    return [f.table for f in names if functions.get(f).language == FEATURE_SPEC]


def _parse(function: UnityFunction) -> FeatureSpec:
    try:
        return FeatureSpec.from_dict(yaml.safe_load(function.body))
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(
            f"Feature spec '{function.name}' cannot be read: {error!r}. Delete it and create it again."
        ) from error
