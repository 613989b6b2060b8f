"""The MLflow signature of a model that is logged with its feature spec.

The columns of the rows are required inputs. Features are optional inputs: ``score_batch`` looks them up
if the rows lack them. The outputs, which Unity Catalog requires, are the labels.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lakelab.local.feature_engineering.feature_spec import Column, FeatureSpec, SourceColumn

if TYPE_CHECKING:
    from mlflow.models import ModelSignature
    from mlflow.types import Schema

_logger = logging.getLogger(__name__)

_SCALARS = {
    "smallint": "integer",
    "int": "integer",
    "bigint": "long",
    "float": "float",
    "double": "double",
    "boolean": "boolean",
    "date": "datetime",
    "timestamp": "datetime",
    "string": "string",
    "binary": "binary",
}
"""Spark type -> MLflow type."""


def infer_signature(
    spec: FeatureSpec,
    label_types: dict[str, str],
    output_schema: Schema | None,
    params: dict[str, Any] | None = None,
) -> ModelSignature | None:
    """Return the signature for a spec and its labels.

    Parameters
    ----------
    spec : FeatureSpec
        The columns.
    label_types : dict of str to str
        Label -> its Spark type.
    output_schema : mlflow.types.Schema, optional
        The outputs in place of the labels.
    params : dict, optional
        Inference parameters with their default values.

    Returns
    -------
    ModelSignature or None
        None, with a warning, if a signature cannot express the type of a required column.
    """
    from mlflow.models import ModelSignature

    unknown = [column for column in spec.columns if mlflow_type(column.data_type) is None]
    if required := [column for column in unknown if isinstance(column, SourceColumn)]:
        _logger.warning(
            "Model logged without a signature, which cannot express %s.", _format(required)
        )
        return None
    if unknown:
        _logger.warning("The signature leaves out %s, which it cannot express.", _format(unknown))
    return ModelSignature(
        inputs=_schema([c for c in spec.columns if c not in unknown]),
        outputs=output_schema or _outputs(label_types),
        params=_params(params),
    )


def _format(columns: Sequence[Column]) -> str:
    return ", ".join(f"'{column.name}' ({column.data_type})" for column in columns)


def _schema(columns: list[Column]) -> Schema:
    from mlflow.types import ColSpec, Schema

    sources = [column for column in columns if isinstance(column, SourceColumn)]
    features = [column for column in columns if not isinstance(column, SourceColumn)]
    specs: list[Any] = [ColSpec(mlflow_type(c.data_type), c.name) for c in sources]
    specs += [ColSpec(mlflow_type(c.data_type), c.name, required=False) for c in features]
    return Schema(specs)


def _outputs(label_types: dict[str, str]) -> Schema | None:
    from mlflow.types import ColSpec, Schema

    types = {name: mlflow_type(type_) for name, type_ in label_types.items()}
    if not types or None in types.values():
        _logger.warning(
            "The signature has no outputs: the training set has no label of a type that it can "
            "express. Pass output_schema to log_model."
        )
        return None
    columns: list[Any] = [ColSpec(type_, name) for name, type_ in types.items()]
    return Schema(columns)


def _params(params: dict[str, Any] | None) -> Any:
    if not params:
        return None
    import mlflow.models

    return mlflow.models.infer_signature(params=params).params


def mlflow_type(spark_type: str) -> Any:
    """Return the MLflow type of a Spark type; None if MLflow has no such type.

    Examples
    --------
    >>> mlflow_type("bigint")
    long
    >>> mlflow_type("array<double>")
    Array(double)
    >>> mlflow_type("decimal(10,2)") is None
    True
    """
    from mlflow.types import DataType
    from mlflow.types.schema import Array

    if spark_type in _SCALARS:
        return DataType[_SCALARS[spark_type]]
    if spark_type.startswith("array<") and spark_type.endswith(">"):
        element = mlflow_type(spark_type[len("array<") : -1])
        return None if element is None else Array(element)
    return None
