"""Score rows with a model that brings its feature spec along.

Follows https://docs.databricks.com/aws/en/machine-learning/feature-store/train-models-with-feature-store#score-models-and-batch-inference

The model is fetched anew and run in this process at every call. Nothing is kept from one call to the
next, so an alias that has moved is never answered by the model that it named before.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lakelab.local.catalog.names import TableName
from lakelab.local.feature_engineering.add_features import add_features
from lakelab.local.feature_engineering.create_training_set import require_joinable
from lakelab.local.feature_engineering.feature_spec import FeatureSpec
from lakelab.local.feature_engineering.log_model import hide_artifact_progress
from lakelab.local.feature_engineering.on_demand import open_functions, require_inputs
from lakelab.local.feature_engineering.packaged_model import FOLDER, PackagedModel
from lakelab.local.feature_engineering.predictions import convert_predictions, parse_result_type
from lakelab.local.feature_engineering.session import open_table
from lakelab.local.feature_engineering.validation import (
    quoted,
    require_spark_dataframe,
    require_unique,
)
from lakelab.local.spark.results import as_dataframe

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import DataFrame

    from lakelab.local.catalog.table import UnityTable
    from lakelab.local.spark.session import LocalSparkSession

PREDICTION = "prediction"
BATCH_ROWS = 1_000_000
"""Rows that the model gets at once."""

_logger = logging.getLogger(__name__)


def score_batch(
    spark: LocalSparkSession,
    *,
    model_uri: str,
    df: DataFrame,
    result_type: Any,
    env_manager: str | None,
    params: dict[str, Any] | None,
) -> DataFrame:
    """Look features up, predict, and return the rows with both.

    See :meth:`FeatureEngineeringClient.score_batch` for parameters and errors.
    """
    _require_rows(df)
    if env_manager not in (None, "local"):
        raise NotImplementedError(
            f"env_manager='{env_manager}' works in a Databricks workspace only. Here the model runs "
            f"in this process: leave it at 'local'."
        )
    wanted = parse_result_type(result_type)
    with TemporaryDirectory(dir=spark.home.scratch) as folder, hide_artifact_progress():
        model = PackagedModel(download_package(model_uri, Path(folder)))
        tables = _open_tables(spark, model.spec)
        functions = open_functions(spark, model.spec.functions)
        types = dict(df.dtypes)
        _require_columns(model.spec, types)
        require_joinable(model.spec, types, tables)
        require_inputs(model.spec, types, functions)
        rows = add_features(df.toArrow(), model.spec, tables, functions)
        predictions = _predict(
            model, to_pandas(spark, rows.select(model.spec.model_inputs)), wanted, params
        )
    added = [name for name in model.spec.model_inputs if name not in types]
    scored = rows.select([*types, *added]).append_column(PREDICTION, predictions)
    return as_dataframe(spark, scored)


def _require_rows(df: Any) -> None:
    require_spark_dataframe(df)
    if df.isStreaming:
        raise ValueError("Streaming DataFrames are not supported. Score a batch DataFrame.")
    if PREDICTION in df.columns:
        raise ValueError(
            f"df already has a column '{PREDICTION}', which score_batch adds. Rename or drop it."
        )
    require_unique(df.columns, "DataFrame column names")


def _require_columns(spec: FeatureSpec, types: dict[str, str]) -> None:
    missing = [column.name for column in spec.source_columns if column.name not in types]
    if missing:
        raise ValueError(
            f"DataFrame is missing required columns {quoted(missing)}. It has: {', '.join(types)}."
        )


# ---- the model ------------------------------------------------------------------------------------
def download_package(model_uri: str, folder: Path) -> Path:
    """Fetch the model; return the folder of its package.

    Raises
    ------
    ValueError
        If there is no such model, or it was not logged with its features.
    """
    import mlflow
    from mlflow.exceptions import MlflowException

    if not isinstance(model_uri, str) or not re.match(r"(models|runs):/", model_uri):
        raise ValueError(
            f"Invalid model URI '{model_uri}'. Give models:/<name>/<version>, models:/<name>@<alias> "
            f"or runs:/<run_id>/<artifact_path>."
        )
    try:
        local = mlflow.artifacts.download_artifacts(artifact_uri=model_uri, dst_path=str(folder))
    except (MlflowException, OSError) as error:
        raise ValueError(f"The model at '{model_uri}' cannot be had: {error}") from error
    package = Path(local) / "data" / FOLDER
    if not package.is_dir():
        raise ValueError(
            f"No suitable model found at '{model_uri}': it was logged without features. Only models "
            f"logged by FeatureEngineeringClient.log_model can be scored with score_batch; load this "
            f"one with mlflow.pyfunc.load_model."
        )
    return package


# ---- the features ---------------------------------------------------------------------------------
def _open_tables(spark: LocalSparkSession, spec: FeatureSpec) -> dict[str, UnityTable]:
    """Open the feature tables as they are now; warn of one that is not the one trained on."""
    tables = {told.name: open_table(spark, TableName.parse(told.name)) for told in spec.tables}
    for told in spec.tables:
        if str(tables[told.name].delta.metadata().id) != told.table_id:
            _logger.warning(
                "Feature table %s was dropped and created again after the model was trained. "
                "Predictions suffer if its features now mean something else.",
                told.name,
            )
    for column in spec.feature_columns:
        there = [field["name"] for field in tables[column.table_name].fields]
        if column.feature_name not in there:
            raise ValueError(
                f"Unable to find feature '{column.feature_name}' from feature table "
                f"'{column.table_name}', which the model needs. It has: {', '.join(there)}."
            )
    return tables


def to_pandas(spark: LocalSparkSession, rows: pa.Table) -> pd.DataFrame:
    """Give the model its columns with the dtypes that ``load_df().toPandas()`` gave in training.

    Of numbers these are the same however they get into pandas; of all else Spark knows.
    """
    if all(_is_number(field.type) for field in rows.schema):
        frame: pd.DataFrame = rows.to_pandas(ignore_metadata=True)
        return frame
    return as_dataframe(spark, rows).toPandas()


def _is_number(data_type: pa.DataType) -> bool:
    return pa.types.is_signed_integer(data_type) or data_type in (pa.float32(), pa.float64())


def _predict(
    model: PackagedModel, inputs: pd.DataFrame, wanted: Any, params: dict[str, Any] | None
) -> pa.ChunkedArray:
    starts = range(0, max(len(inputs), 1), BATCH_ROWS)
    parts = [
        convert_predictions(
            model.predict_raw(inputs.iloc[start : start + BATCH_ROWS], params), wanted
        )
        for start in starts
    ]
    return pa.chunked_array(parts)
