"""Add to rows the features that a spec names, and hand the result to Spark."""

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

_DEFAULTS: Mapping[str, Callable[[str], Any]] = {
    "smallint": int,
    "int": int,
    "bigint": int,
    "float": float,
    "double": float,
    "string": str,
    "boolean": lambda text: {"true": True, "false": False}[text.lower()],
}
"""Spark type -> how a default value of that type is read from the spec's text."""


def add_features(
    rows: pa.Table,
    spec: FeatureSpec,
    tables: Mapping[str, UnityTable],
    functions: Mapping[str, UnityFunction] | None = None,
) -> pa.Table:
    """Look up and compute the features that the rows do not have yet.

    Parameters
    ----------
    rows : pyarrow.Table
        What the features are joined into; its columns stay as they are.
    spec : FeatureSpec
        The features. A lookup key or the input of a function may itself be a feature. As officially,
        a function sees null where nothing was found: default values are put in at the end.
    tables : mapping of str to UnityTable
        The feature tables by name, at the version to read.
    functions : mapping of str to UnityFunction, optional
        The functions by name.

    Returns
    -------
    pyarrow.Table
        The rows in their order, with the features behind them.

    Raises
    ------
    pyspark.errors.PythonException
        If a function fails; the message names it, and the values that it got.
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
        for group in _joins([c for c in ready if isinstance(c, FeatureColumn)]):
            found = _join(rows, group, spec, tables[group[0].table_name])
            for name in found.column_names:
                rows = rows.append_column(name, found.column(name))
        pending = [column for column in pending if column not in ready]
    return _fill_defaults(rows, spec)


def _compute(rows: pa.Table, column: OnDemandColumn, function: UnityFunction) -> pa.Array:
    bound = dict(column.input_bindings)
    inputs = [rows.column(bound[parameter.name]) for parameter in function.parameters]
    return PythonFunction(function).over(inputs, len(rows))


def _joins(columns: list[FeatureColumn]) -> list[list[FeatureColumn]]:
    """Group the features that one join can fetch."""
    groups: dict[tuple[Any, ...], list[FeatureColumn]] = defaultdict(list)
    for column in columns:
        groups[column.table_name, column.inputs, column.timestamp_lookup_key].append(column)
    return list(groups.values())


def _join(
    rows: pa.Table, group: list[FeatureColumn], spec: FeatureSpec, table: UnityTable
) -> pa.Table:
    one = group[0]
    time_column = primary_key(table).timeseries_column
    seconds = spec.table(one.table_name).lookback_seconds
    return look_up(
        rows,
        table.delta,
        keys=dict(zip(one.lookup_key, entity_keys(table), strict=True)),
        outputs={column.name: column.feature_name for column in group},
        time=(one.timestamp_lookup_key, time_column) if one.timestamp_lookup_key and time_column else None,
        window=None if seconds is None else timedelta(seconds=seconds),
    )  # fmt: skip


def parse_default_value(text: str, data_type: str) -> Any:
    """Read a default value in the type of its feature.

    Raises
    ------
    ValueError
        If the type cannot have a default value, or the text is none of that type.

    Examples
    --------
    >>> parse_default_value("0", "double")
    0.0
    >>> parse_default_value("none", "bigint")
    Traceback (most recent call last):
    ...
    ValueError: The default value 'none' is not of the feature's type, bigint.
    """
    if data_type not in _DEFAULTS:
        raise ValueError(
            f"A feature of type {data_type} cannot have a default value ('{text}'). "
            f"These types can: {', '.join(_DEFAULTS)}."
        )
    try:
        return _DEFAULTS[data_type](text)
    except (ValueError, KeyError) as error:
        raise ValueError(
            f"The default value '{text}' is not of the feature's type, {data_type}."
        ) from error


def _fill_defaults(rows: pa.Table, spec: FeatureSpec) -> pa.Table:
    """Put default values in place of null and NaN, as Spark's ``fillna`` does."""
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
