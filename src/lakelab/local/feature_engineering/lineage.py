"""The lineage of a model: its feature tables and their versions, as the MLflow UI shows them.

Tested in ``tests/local/feature_engineering/test_log_model.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakelab.local.feature_engineering.feature_spec import FeatureSpec, InputTable
from lakelab.local.feature_engineering.signature import mlflow_type

if TYPE_CHECKING:
    from mlflow.data.meta_dataset import MetaDataset

CONTEXT = "feature_table"
"""The context of a feature table in the dataset inputs of a run."""

TAG = "feature_tables"
"""The tag of the logged model with the list of its feature tables."""


def log_feature_tables(spec: FeatureSpec) -> None:
    """Log each feature table as a dataset input of the active run."""
    import mlflow

    for table in spec.tables:
        mlflow.log_input(_dataset(spec, table), context=CONTEXT)


def _dataset(spec: FeatureSpec, table: InputTable) -> MetaDataset:
    from mlflow.data.delta_dataset_source import DeltaDatasetSource
    from mlflow.data.meta_dataset import MetaDataset
    from mlflow.types import ColSpec, Schema

    source = DeltaDatasetSource(
        delta_table_name=table.name,
        delta_table_version=table.version,
        delta_table_id=table.table_id,  # without the id, MLflow sends a request to a workspace
    )
    columns = {c.feature_name: c for c in spec.feature_columns if c.table_name == table.name}
    types = {name: mlflow_type(column.data_type) for name, column in columns.items()}
    schema = Schema([ColSpec(type_, name) for name, type_ in types.items() if type_ is not None])
    return MetaDataset(source, name=table.name, schema=schema)  # type: ignore[abstract]  # MLflow logs it so itself


def feature_tables(spec: FeatureSpec) -> str:
    """Format the tables and their versions as readable text.

    Examples
    --------
    >>> feature_tables(FeatureSpec((), (InputTable("main.flights.planes", "4f1c", 2),)))
    'main.flights.planes (version 2)'
    """
    return ", ".join(f"{table.name} (version {table.version})" for table in spec.tables)
