"""Build a checked feature spec from lookups and functions.

Follows https://docs.databricks.com/aws/en/machine-learning/feature-store/train-models-with-feature-store
All checks run here, before any data is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lakelab.local.feature_engineering.add_features import parse_default_value
from lakelab.local.feature_engineering.entities.feature_function import FeatureFunction
from lakelab.local.feature_engineering.entities.feature_lookup import FeatureLookup
from lakelab.local.feature_engineering.feature_spec import (
    DerivedColumn,
    FeatureColumn,
    FeatureSpec,
    InputTable,
    OnDemandColumn,
    SourceColumn,
)
from lakelab.local.feature_engineering.on_demand import on_demand_columns, require_inputs
from lakelab.local.feature_engineering.session import (
    entity_keys,
    full_name,
    open_table,
    primary_key,
    spark_schema,
)
from lakelab.local.feature_engineering.training_set import TrainingSet
from lakelab.local.feature_engineering.validation import (
    as_list,
    quoted,
    require_batch,
    require_spark_dataframe,
    require_unique,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakelab.local.catalog.functions import UnityFunction
    from lakelab.local.catalog.table import UnityTable
    from lakelab.local.spark.session import LocalSparkSession

_TEMPORAL = ("date", "timestamp", "timestamp_ntz")


def create_training_set(
    spark: LocalSparkSession,
    *,
    df: DataFrame,
    feature_lookups: Any,
    label: str | list[str] | None,
    exclude_columns: str | list[str] | None,
) -> TrainingSet:
    """Check the lookups against the rows and the tables, and build the training set.

    See :meth:`FeatureEngineeringClient.create_training_set` for parameters and errors.
    """
    lookups, functions = split_features(feature_lookups)
    labels, excluded = as_list(label), as_list(exclude_columns)
    require_rows(df, labels, excluded)
    features = read_features(spark, lookups, functions)
    sources = [
        SourceColumn(name, type_, name not in excluded)
        for name, type_ in df.dtypes
        if name not in labels
    ]
    columns = [replace(c, include=c.name not in excluded) for c in features.columns]
    spec = build_spec(sources, columns, features, labels, dict(df.dtypes))
    return TrainingSet(spark, df, spec.pruned(), labels, features.functions)


@dataclass(frozen=True)
class Features:
    """The columns, tables and functions of lookups and feature functions.

    Attributes
    ----------
    columns : list of FeatureColumn or OnDemandColumn
        The columns of the lookups, then those of the functions.
    tables : dict of str to UnityTable
        The feature tables by full name.
    input_tables : list of InputTable
        The feature tables, as a spec describes them.
    functions : dict of str to UnityFunction
        The functions by full name.
    """

    columns: list[DerivedColumn]
    tables: dict[str, UnityTable]
    input_tables: list[InputTable]
    functions: dict[str, UnityFunction]


def split_features(features: Any) -> tuple[list[FeatureLookup], list[FeatureFunction]]:
    """Return the lookups and the functions of a list.

    Raises
    ------
    TypeError
        If ``features`` is not a list of lookups and functions.
    """
    if not isinstance(features, list):
        raise TypeError(f"'feature_lookups' must be a list, not {type(features).__name__}.")
    for i, item in enumerate(features):
        if not isinstance(item, FeatureLookup | FeatureFunction):
            raise TypeError(
                f"'feature_lookups[{i}]' must be a FeatureLookup or FeatureFunction, "
                f"not {type(item).__name__}."
            )
    lookups = [item for item in features if isinstance(item, FeatureLookup)]
    return lookups, [item for item in features if isinstance(item, FeatureFunction)]


def read_features(
    spark: LocalSparkSession, lookups: list[FeatureLookup], functions: list[FeatureFunction]
) -> Features:
    """Open the tables and functions; return them with the columns that come from them.

    Raises
    ------
    ValueError
        If a table, feature, default value or function is invalid; see
        :func:`~lakelab.local.feature_engineering.on_demand.on_demand_columns`.
    """
    tables = {
        lookup.table_name: open_table(spark, full_name(spark, lookup.table_name))
        for lookup in lookups
    }
    for table in tables.values():
        require_timeseries_declared(table)
    looked_up = [c for one in lookups for c in _feature_columns(one, tables[one.table_name])]
    computed, opened = on_demand_columns(spark, functions)
    return Features(
        [*looked_up, *computed],
        {str(table.name): table for table in tables.values()},
        _input_tables(lookups, tables),
        opened,
    )


def build_spec(
    sources: list[SourceColumn],
    columns: list[DerivedColumn],
    features: Features,
    labels: list[str],
    types: Mapping[str, str],
) -> FeatureSpec:
    """Build a spec from columns, after a check that each can be looked up or computed.

    Parameters
    ----------
    sources : list of SourceColumn
        The columns of the rows.
    columns : list of FeatureColumn or OnDemandColumn
        The columns that are looked up or computed.
    features : Features
        The tables and functions of ``columns``.
    labels : list of str
    types : mapping of str to str
        Column of the rows, labels included -> its Spark type.

    Raises
    ------
    ValueError
        If names are not unique, or a key or input is missing or has another type.
    """
    looked_up = [column.name for column in columns if isinstance(column, FeatureColumn)]
    computed = [column.name for column in columns if isinstance(column, OnDemandColumn)]
    names = [column.name for column in sources]
    _require_distinct(names, looked_up, labels)
    _require_distinct_functions([*names, *looked_up], computed, labels)
    spec = FeatureSpec((*sources, *columns), tuple(features.input_tables))
    require_joinable(spec, types, features.tables)
    require_inputs(spec, types, features.functions)
    return spec


def require_rows(df: Any, labels: list[str], excluded: list[str]) -> None:
    """Raise if ``df`` cannot be the rows of a training set, or lacks a label."""
    require_spark_dataframe(df)
    require_batch(df, "create_training_set")
    require_unique(df.columns, "DataFrame column names")
    require_unique(labels, "label names")
    for label in labels:
        if label not in df.columns:
            raise ValueError(
                f"Label column '{label}' was not found in DataFrame. "
                f"It has: {', '.join(df.columns)}."
            )
        if label in excluded:
            raise ValueError(f"Label column '{label}' cannot be excluded.")


def require_timeseries_declared(table: UnityTable) -> None:
    """Raise if the key of a table has a date or timestamp that is not the time series column.

    A lookup would find a row of such a table at exactly the same time only, which is never intended.
    """
    types = {field.name: field.dataType.typeName() for field in spark_schema(table).fields}
    for key in entity_keys(table):
        if types[key] in _TEMPORAL:
            raise ValueError(
                f"Primary key column '{key}' of '{table.name}' has type {types[key]}, and is not "
                f"declared as time series. Declare the key as PRIMARY KEY (..., {key} TIMESERIES), "
                f"or create the table with timeseries_column='{key}'."
            )


def _feature_columns(lookup: FeatureLookup, table: UnityTable) -> list[FeatureColumn]:
    """Return the columns that one lookup adds."""
    types = {field.name: field.dataType.simpleString() for field in spark_schema(table).fields}
    names = lookup.feature_names or _all_features(table, list(types))
    outputs = [lookup.output_of(name) for name in names]
    for name in names:
        if name not in types:
            raise ValueError(
                f"Unable to find feature '{name}' from feature table '{table.name}'. "
                f"It has: {', '.join(types)}."
            )
    for name in lookup.default_values:
        if name not in outputs:
            raise ValueError(
                f"default_values names '{name}', which the lookup in '{table.name}' does not give. "
                f"It gives: {', '.join(outputs)}."
            )
    return [
        FeatureColumn(
            name=output,
            data_type=types[name],
            table_name=str(table.name),
            feature_name=name,
            lookup_key=tuple(as_list(lookup.lookup_key)),
            timestamp_lookup_key=lookup.timestamp_lookup_key,
            default_value=_default(lookup, output, types[name]),
        )
        for name, output in zip(names, outputs, strict=True)
    ]


def _all_features(table: UnityTable, columns: list[str]) -> list[str]:
    """Return all columns except the keys in the official order: partition columns, then the others by name."""
    partitions = list(table.delta.metadata().partition_columns)
    others = sorted(column for column in columns if column not in partitions)
    return [c for c in [*partitions, *others] if c not in primary_key(table).columns]


def _default(lookup: FeatureLookup, output: str, data_type: str) -> str | None:
    value = lookup.default_values.get(output)
    if value is None:
        return None
    if not isinstance(value, str | int | float) and not hasattr(value, "dtype"):
        raise ValueError(
            f"The default value of '{output}' must be an int, float, bool or str, not {value!r}."
        )
    text = str(value)
    parse_default_value(text, data_type)  # raises now what scoring would raise later
    return text


def _require_distinct(sources: list[str], features: list[str], labels: list[str]) -> None:
    require_unique(features, "feature output names")
    for label in labels:
        if label in features:
            raise ValueError(
                f"Feature cannot have same output name as label '{label}'. Use rename_outputs."
            )
    if repeated := [name for name in features if name in sources]:
        raise ValueError(
            f"DataFrame contains column names that match feature output names specified in "
            f"FeatureLookups: {quoted(repeated)}. Drop these columns from the DataFrame, or leave the "
            f"features out or rename them (feature_names, rename_outputs)."
        )


def _require_distinct_functions(others: list[str], computed: list[str], labels: list[str]) -> None:
    require_unique(computed, "on-demand feature output names")
    for label in labels:
        if label in computed:
            raise ValueError(
                f"On-demand feature cannot have same output name as label '{label}'. Give the "
                f"FeatureFunction another output_name."
            )
    if repeated := [name for name in computed if name in others]:
        raise ValueError(
            f"FeatureFunctions contains output names that match either DataFrame column names or "
            f"feature output names specified in FeatureLookups: {quoted(repeated)}. Give the "
            f"FeatureFunction another output_name, or drop these columns."
        )


def _input_tables(
    lookups: list[FeatureLookup], tables: Mapping[str, UnityTable]
) -> list[InputTable]:
    """Return each table once, with the lookback window, which must be the same in all its lookups."""
    found: dict[str, InputTable] = {}
    for lookup in lookups:
        table, window = tables[lookup.table_name], lookup.lookback_window
        described = InputTable(
            str(table.name),
            str(table.delta.metadata().id),
            table.version,
            None if window is None else window.total_seconds(),
        )
        first = found.setdefault(described.name, described)
        if first.lookback_seconds != described.lookback_seconds:
            raise ValueError(
                f"lookback_window must be the same in all lookups of '{described.name}': one has "
                f"{first.lookback_seconds} seconds, another {described.lookback_seconds}."
            )
    return list(found.values())


def require_joinable(
    spec: FeatureSpec, types: Mapping[str, str], tables: Mapping[str, UnityTable]
) -> None:
    """Check the lookup keys of a spec against the rows and the tables.

    Parameters
    ----------
    spec : FeatureSpec
        The lookups.
    types : mapping of str to str
        Column of the rows -> its Spark type.
    tables : mapping of str to UnityTable
        The feature tables by name.

    Raises
    ------
    ValueError
        If a key is missing, or the number or the types of the keys differ from those of the table.
    """
    known = {**{c.name: c.data_type for c in spec.derived_columns}, **types}
    missing = {key for column in spec.feature_columns for key in column.lookup_key} - set(known)
    if missing:
        raise ValueError(
            f"Could not find lookup key columns {quoted(sorted(missing))} required by "
            f"FeatureLookups. The DataFrame has: {', '.join(types)}."
        )
    for column in spec.feature_columns:
        table = tables[column.table_name]
        time = as_list(primary_key(table).timeseries_column)
        given = as_list(column.timestamp_lookup_key)
        _require_same_keys(table, "lookup key", column.lookup_key, entity_keys(table), known)
        _require_same_keys(table, "timestamp lookup key", given, time, known)


def _require_same_keys(
    table: UnityTable, kind: str, given: Any, keys: list[str], types: Mapping[str, str]
) -> None:
    unable = f"Unable to join feature table '{table.name}' because"
    table_kind = "timestamp key" if kind.startswith("timestamp") else "primary key"
    for name in given:
        if name not in types:
            raise ValueError(f"{unable} {kind} '{name}' not found in DataFrame.")
    if len(given) != len(keys):
        raise ValueError(
            f"{unable} number of {table_kind}s ({keys}) does not match number of {kind}s "
            f"({list(given)})."
        )
    key_types = {f.name: f.dataType.simpleString() for f in spark_schema(table).fields}
    for name, key in zip(given, keys, strict=True):
        if _comparable(types[name]) != _comparable(key_types[key]):
            raise ValueError(
                f"{unable} {table_kind} '{key}' has type '{key_types[key]}' but corresponding {kind} "
                f"'{name}' has type '{types[name]}' in DataFrame. Cast it: "
                f"df.withColumn('{name}', df['{name}'].cast('{key_types[key]}'))."
            )


def _comparable(type_: str) -> str:
    # both types mean the same time, because the time zone of the session is UTC
    return "timestamp" if type_ == "timestamp_ntz" else type_
