"""Score rows with a model that was logged with its feature spec.

Follows https://docs.databricks.com/aws/en/machine-learning/feature-store/train-models-with-feature-store#score-models-and-batch-inference

Each call downloads the model again and runs it in this process. No model is cached between calls, so a
moved alias never resolves to the earlier model version.
"""

from __future__ import annotations

import logging
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
"""Maximum number of rows in one call of the model."""

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
    """Look up the features, predict, and return the rows with features and predictions.

    See :meth:`FeatureEngineeringClient.score_batch` for parameters and errors.
    """
    _require_rows(df)
    if env_manager not in (None, "local"):
        raise NotImplementedError(
            f"env_manager='{env_manager}' works in a Databricks workspace only. Here the model runs "
            f"in this process: leave it at 'local'."
        )
    data_type = parse_result_type(result_type)
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
            model, to_pandas(spark, rows.select(model.spec.model_inputs)), data_type, params
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
    """Download the model; return the folder of its package.

    Raises
    ------
    ValueError
        If the model does not exist, or was logged without features.
    """
    import mlflow
    from mlflow.exceptions import MlflowException

    if not isinstance(model_uri, str) or not model_uri.startswith(("models:/", "runs:/")):
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
    """Open the current feature tables; warn if a table was created again after the training."""
    tables = {table.name: open_table(spark, TableName.parse(table.name)) for table in spec.tables}
    for table in spec.tables:
        if str(tables[table.name].delta.metadata().id) != table.table_id:
            _logger.warning(
                "Feature table %s was dropped and created again after the model was trained. "
                "Predictions suffer if its features now mean something else.",
                table.name,
            )
    for column in spec.feature_columns:
        names = [field["name"] for field in tables[column.table_name].fields]
        if column.feature_name not in names:
            raise ValueError(
                f"Unable to find feature '{column.feature_name}' from feature table "
                f"'{column.table_name}', which the model needs. It has: {', '.join(names)}."
            )
    return tables


def to_pandas(spark: LocalSparkSession, rows: pa.Table) -> pd.DataFrame:
    """Convert rows to pandas with the dtypes of ``load_df().toPandas()``, as in the training.

    Arrow and Spark convert numbers to the same dtypes. For all other types, Spark converts the rows.
    """
    if all(_is_number(field.type) for field in rows.schema):
        frame: pd.DataFrame = rows.to_pandas(ignore_metadata=True)
        return frame
    return as_dataframe(spark, rows).toPandas()


def _is_number(data_type: pa.DataType) -> bool:
    return pa.types.is_signed_integer(data_type) or data_type in (pa.float32(), pa.float64())


def _predict(
    model: PackagedModel, inputs: pd.DataFrame, data_type: Any, params: dict[str, Any] | None
) -> pa.ChunkedArray:
    starts = range(0, max(len(inputs), 1), BATCH_ROWS)
    parts = [
        convert_predictions(
            model.predict_raw(inputs.iloc[start : start + BATCH_ROWS], params), data_type
        )
        for start in starts
    ]
    return pa.chunked_array(parts)
