"""A model that looks up its features in the online store, with the interface of MLflow's models.

The model gets its features from the online tables, and from Python functions of Unity Catalog. A feature
that the request contains is not looked up.

Follows https://docs.databricks.com/aws/en/machine-learning/feature-store/automatic-feature-lookup
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pyspark.errors import PythonException

from lakelab.local.catalog.errors import NotFoundError
from lakelab.local.catalog.functions import Functions, UnityFunction
from lakelab.local.catalog.names import TableName
from lakelab.local.feature_engineering.add_features import parse_default_value
from lakelab.local.feature_engineering.feature_spec import (
    Column,
    DerivedColumn,
    FeatureColumn,
    FeatureSpec,
    OnDemandColumn,
)
from lakelab.local.feature_engineering.packaged_model import PackagedModel
from lakelab.local.feature_engineering.validation import quoted
from lakelab.local.udf.casts import cast_to
from lakelab.local.udf.python_body import PythonFunction

if TYPE_CHECKING:
    from lakelab.local.online_store import OnlineStores, OnlineTable

Values = dict[str, list[Any]]
"""Column -> its values, one for each row of a request."""

OnlineRow = dict[str, Any] | None
"""A row of an online table; None for an unknown key."""

_DTYPES = {
    "tinyint": "int8",
    "smallint": "int16",
    "int": "int32",
    "bigint": "int64",
    "float": "float32",
    "double": "float64",
    "boolean": "bool",
    "timestamp": "datetime64[ns]",
    "timestamp_ntz": "datetime64[ns]",
}
"""Spark type -> dtype in the DataFrame that the model was trained on."""


class ServingError(Exception):
    """The model cannot be served; the message says what to do."""


class OnlineModel:
    """A model with its features from the online store, for MLflow's scoring server.

    Parameters
    ----------
    model : PackagedModel
        A model that ``FeatureEngineeringClient.log_model`` logged.
    stores : OnlineStores
    functions : Functions
        The functions that compute features, in their current state.

    Raises
    ------
    ServingError
        If a feature table of the model is not published, or a function does not exist.
    """

    def __init__(self, model: PackagedModel, stores: OnlineStores, functions: Functions):
        self._model = model
        self._functions = {name: _function(functions, name) for name in model.spec.functions}
        self._tables = {
            table.name: _online_table(stores, table.name) for table in model.spec.tables
        }
        self.metadata = _NoSchema()

    @property
    def spec(self) -> FeatureSpec:
        return self._model.spec

    def predict(self, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> Any:
        """Look up the features that the rows lack, and return the predictions.

        Parameters
        ----------
        model_input : pandas.DataFrame
            The lookup keys and the other columns of the request. A feature that is a column here is
            not looked up.
        params : dict, optional
            Inference parameters.

        Raises
        ------
        mlflow.exceptions.MlflowException
            If a column is missing, or has values that are not of its type.
        """
        return self._model.predict_raw(self.with_features(model_input), params)

    def with_features(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the model's input: all features, with their types and in the order of the training.

        Parameters
        ----------
        rows : pandas.DataFrame
            The columns of a request.

        Raises
        ------
        mlflow.exceptions.MlflowException
            If a column is missing, or has values that are not of its type.
        """
        from mlflow.exceptions import MlflowException

        if not isinstance(rows, pd.DataFrame):
            raise MlflowException.invalid_parameter_value(
                'Give rows with named columns: {"dataframe_records": [{...}]}.'
            )
        try:
            values: Values = {name: rows[name].tolist() for name in rows.columns}
            self._add_features(values, len(rows))
            return pd.DataFrame(
                {
                    column.name: _with_trained_dtype(values[column.name], column)
                    for column in self.spec.columns
                    if column.include
                },
                index=rows.index,
            )
        except (ValueError, TypeError, OverflowError, PythonException) as error:
            raise MlflowException.invalid_parameter_value(str(error)) from error

    def _add_features(self, values: Values, row_count: int) -> None:
        """Add the missing features, each after the features that are its inputs."""
        pending = [column for column in self.spec.derived_columns if column.name not in values]
        while pending:
            ready = [column for column in pending if set(_online_inputs(column)) <= set(values)]
            if not ready:
                raise ValueError(_missing_inputs(pending, values))
            self._add_ready(ready, values, row_count)
            pending = [column for column in pending if column not in ready]
        missing = set(self.spec.model_inputs) - set(values)
        if missing:
            raise ValueError(
                f"The request lacks {quoted(sorted(missing))}, which the model needs and which is in "
                f"no feature table. It has: {', '.join(values)}."
            )

    def _add_ready(self, columns: list[DerivedColumn], values: Values, row_count: int) -> None:
        """Add features whose inputs are known. Features of one table and key share one lookup."""
        lookups: dict[tuple[str, tuple[str, ...]], list[OnlineRow]] = {}
        for column in columns:
            if isinstance(column, OnDemandColumn):
                function = self._functions[column.udf_name]
                values[column.name] = _compute(column, function, values, row_count)
                continue
            lookup = column.table_name, column.lookup_key
            if lookup not in lookups:
                keys = zip(*(values[key] for key in column.lookup_key), strict=True)
                lookups[lookup] = self._tables[column.table_name].lookup_many(keys)
            values[column.name] = _feature_values(column, lookups[lookup])


class _NoSchema:
    """Replaces the signature: the lookups decide which columns a request must have."""

    def get_input_schema(self) -> None:
        return None

    def get_params_schema(self) -> None:
        return None


def _online_table(stores: OnlineStores, feature_table: str) -> OnlineTable:
    name = stores.online_table_of(feature_table)
    if name is None:
        raise ServingError(
            f"Feature table '{feature_table}' is not published to an online store, so its features "
            f"cannot be looked up. Publish it first: FeatureEngineeringClient().publish_table("
            f"online_store=..., source_table_name='{feature_table}', online_table_name=...)."
        )
    return stores.table(name)


def _function(functions: Functions, name: str) -> UnityFunction:
    try:
        return functions.get(TableName.parse(name))
    except NotFoundError as error:
        raise ServingError(f"{error} The model computes a feature with it.") from error


def _online_inputs(column: DerivedColumn) -> tuple[str, ...]:
    # an online table has the latest row only: a lookup needs no timestamp
    return column.lookup_key if isinstance(column, FeatureColumn) else column.inputs


def _missing_inputs(pending: list[DerivedColumn], values: Values) -> str:
    missing = {name for column in pending for name in _online_inputs(column)} - set(values)
    missing -= {column.name for column in pending}
    return (
        f"The request lacks the lookup key(s) {quoted(sorted(missing))}. "
        f"It has: {', '.join(values)}."
    )


def _compute(
    column: OnDemandColumn, function: UnityFunction, values: Values, row_count: int
) -> list[Any]:
    """Compute a feature row by row. Values without a JSON type are cast to the parameter's type."""
    bound, call = dict(column.input_bindings), PythonFunction(function)
    arguments = []
    for parameter in function.parameters:
        cast = cast_to(parameter.data_type)
        column_values = values[bound[parameter.name]]
        arguments.append([None if v is None or v != v else cast(v) for v in column_values])
    rows = zip(*arguments, strict=True) if arguments else ((),) * row_count
    return [call(*row) for row in rows]


def _feature_values(column: FeatureColumn, rows: list[OnlineRow]) -> list[Any]:
    for row in rows:
        if row is not None and column.feature_name not in row:
            raise ValueError(
                f"Feature '{column.feature_name}' of '{column.table_name}' is not online. Publish the "
                f"table again."
            )
    values = [None if row is None else row[column.feature_name] for row in rows]
    if column.default_value is None:
        return values
    default = parse_default_value(column.default_value, column.data_type)
    return [default if value is None or value != value else value for value in values]


def _with_trained_dtype(values: list[Any], column: Column) -> np.ndarray[Any, Any]:
    """Return a column with its dtype of the training. Integers with nulls were floats there."""
    dtype = _DTYPES.get(column.data_type, "object")
    if dtype != "object" and any(value is None or value != value for value in values):
        dtype = "float64" if "int" in dtype else "object" if dtype == "bool" else dtype
    try:
        if dtype == "datetime64[ns]":
            return pd.to_datetime(pd.Series(values)).to_numpy(dtype)
        array = np.empty(len(values), dtype)
        array[:] = values
        return array
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(
            f"The values of '{column.name}' are not of its type, {column.data_type}: {error}"
        ) from error
