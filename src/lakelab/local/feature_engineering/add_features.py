"""Add the features of a feature spec to rows: look them up, compute them, fill in default values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from lakelab.local.feature_engineering.feature_spec import (
    FeatureColumn,
    FeatureSpec,
    OnDemandColumn,
)
from lakelab.local.feature_engineering.point_in_time import look_up
from lakelab.local.feature_engineering.session import entity_keys, primary_key
from lakelab.local.feature_engineering.validation import quoted
from lakelab.local.udf.python_body import PythonFunction

if TYPE_CHECKING:
    from lakelab.local.catalog.functions import UnityFunction
    from lakelab.local.catalog.table import UnityTable

_DEFAULT_PARSERS: Mapping[str, Callable[[str], Any]] = {
    "smallint": int,
    "int": int,
    "bigint": int,
    "float": float,
    "double": float,
    "string": str,
    "boolean": lambda text: {"true": True, "false": False}[text.lower()],
}
"""Spark type -> the function that parses a default value of this type from the text of the spec."""


def add_features(
    rows: pa.Table,
    spec: FeatureSpec,
    tables: Mapping[str, UnityTable],
    functions: Mapping[str, UnityFunction] | None = None,
) -> pa.Table:
    """Look up and compute the features that are not among the columns of the rows.

    Parameters
    ----------
    rows : pyarrow.Table
        The rows. A feature's column that is among them keeps its values; null and NaN become the default.
    spec : FeatureSpec
        The features. A lookup key or the input of a function may itself be a feature. As in the
        official client, a function gets null if the lookup found no row: default values are filled in
        at the end.
    tables : mapping of str to UnityTable
        The feature tables by name, at the version to read.
    functions : mapping of str to UnityFunction, optional
        The functions by name.

    Returns
    -------
    pyarrow.Table
        The rows in the same order, with the features as further columns.

    Raises
    ------
    pyspark.errors.PythonException
        If a function fails; the message contains the name and the input values of the function.
    """
    pending = [c for c in spec.derived_columns if c.name not in rows.column_names]
    while pending:
        ready = [column for column in pending if set(column.inputs) <= set(rows.column_names)]
        if not ready:
            missing = {n for c in pending for n in c.inputs} - set(rows.column_names)
            raise ValueError(f"Lookup key {quoted(sorted(missing))} not found in DataFrame.")
        for column in ready:
            if isinstance(column, OnDemandColumn):
                assert functions is not None
                values = _compute(rows, column, functions[column.udf_name])
                rows = rows.append_column(column.name, values)
        for group in _group_by_join([c for c in ready if isinstance(c, FeatureColumn)]):
            features = _join(rows, group, spec, tables[group[0].table_name])
            for name in features.column_names:
                rows = rows.append_column(name, features.column(name))
        pending = [column for column in pending if column not in ready]
    return _fill_defaults(rows, spec)


def _compute(rows: pa.Table, column: OnDemandColumn, function: UnityFunction) -> pa.Array:
    bound = dict(column.input_bindings)
    inputs = [rows.column(bound[parameter.name]) for parameter in function.parameters]
    return PythonFunction(function).over(inputs, len(rows))


def _group_by_join(columns: list[FeatureColumn]) -> list[list[FeatureColumn]]:
    """Group the features that the same join returns."""
    groups: dict[tuple[Any, ...], list[FeatureColumn]] = defaultdict(list)
    for column in columns:
        groups[column.table_name, column.inputs, column.timestamp_lookup_key].append(column)
    return list(groups.values())


def _join(
    rows: pa.Table, group: list[FeatureColumn], spec: FeatureSpec, table: UnityTable
) -> pa.Table:
    first = group[0]  # all columns of a group have the same table and keys
    time_column = primary_key(table).timeseries_column
    seconds = spec.table(first.table_name).lookback_seconds
    return look_up(
        rows,
        table.delta,
        keys=dict(zip(first.lookup_key, entity_keys(table), strict=True)),
        outputs={column.name: column.feature_name for column in group},
        time=(first.timestamp_lookup_key, time_column) if first.timestamp_lookup_key and time_column else None,
        window=None if seconds is None else timedelta(seconds=seconds),
    )  # fmt: skip


def parse_default_value(text: str, data_type: str) -> Any:
    """Parse a default value in the type of its feature.

    Raises
    ------
    ValueError
        If a feature of this type cannot have a default value, or the text is not a value of the type.

    Examples
    --------
    >>> parse_default_value("0", "double")
    0.0
    >>> parse_default_value("none", "bigint")
    Traceback (most recent call last):
    ...
    ValueError: The default value 'none' is not of the feature's type, bigint.
    """
    if data_type not in _DEFAULT_PARSERS:
        raise ValueError(
            f"A feature of type {data_type} cannot have a default value ('{text}'). "
            f"These types can: {', '.join(_DEFAULT_PARSERS)}."
        )
    try:
        return _DEFAULT_PARSERS[data_type](text)
    except (ValueError, KeyError) as error:
        raise ValueError(
            f"The default value '{text}' is not of the feature's type, {data_type}."
        ) from error


def _fill_defaults(rows: pa.Table, spec: FeatureSpec) -> pa.Table:
    """Replace null and NaN with the default values, as Spark's ``fillna`` does."""
    for column in spec.feature_columns:
        if column.default_value is None:
            continue
        values = rows.column(column.name)
        default = pa.scalar(
            parse_default_value(column.default_value, column.data_type), values.type
        )
        if pa.types.is_floating(values.type):
            values = pc.if_else(pc.is_nan(values), default, values)
        values = values.fill_null(default)
        rows = rows.set_column(rows.column_names.index(column.name), column.name, values)
    return rows
